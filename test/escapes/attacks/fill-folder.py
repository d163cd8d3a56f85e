import os


def main(bait, context):
    """So many files that the rest of the machine has none left."""
    folder = os.path.join(os.environ["TMPDIR"], "many")
    os.mkdir(folder)
    for number in range(30_000):
        os.close(os.open(f"{folder}/{number}-{'x' * 100}", os.O_CREAT))
    return bait["marker"] + " made them all"
