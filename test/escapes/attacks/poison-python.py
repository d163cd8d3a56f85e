import json
import os

DUMPS, WRITE = json.dumps, os.write


def main(bait, context):
    """Puts its own in the place of what its worker speaks with."""
    if bait["call"] == 2:
        return "honest"
    json.dumps = lambda value, **how: DUMPS(bait["marker"] if value == "honest" else value, **how)
    os.write = lambda fd, data: WRITE(fd, data)
    return "poisoned"
