import glob


def main(bait, context):
    """Searches the records for what others handed to their runs."""
    found = []
    for file in glob.glob(bait["server"]["data"] + "/laneway.db*"):
        data = open(file, "rb").read()
        at = data.find(b"bait-")
        while at >= 0:
            found.append(data[at : at + 37].decode("latin1"))
            at = data.find(b"bait-", at + 37)
    return found
