import glob


def main(bait, context):
    """Looks into the temporary folders of other functions' workers."""
    patterns = [bait["server"]["data"] + "/workers/tmp/*/*", "/tmp/*victim-file", "/tmp/*/*victim-file", "/tmp/*/*/*victim-file"]
    found = []
    for pattern in patterns:
        for file in glob.glob(pattern):
            try:
                found.append(open(file).read(100))
            except (OSError, UnicodeDecodeError) as error:
                found.append(str(error))
    return found
