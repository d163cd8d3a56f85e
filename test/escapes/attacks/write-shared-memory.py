def main(bait, context):
    """A file in memory that all programs of the machine share."""
    with open("/dev/shm/" + bait["marker"], "w") as file:
        file.write(bait["marker"])
