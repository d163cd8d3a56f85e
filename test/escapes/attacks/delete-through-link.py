import os


def main(bait, context):
    """Has the server delete for it: links in the folder that is emptied after the run."""
    scratch = os.environ["TMPDIR"]
    folder = os.path.join(scratch, "deep")
    os.makedirs(folder)
    os.symlink(bait["host"]["folder"], os.path.join(scratch, "link"))
    os.symlink(bait["host"]["folder"], os.path.join(folder, "link"))
    os.symlink(bait["host"]["file"], os.path.join(folder, "file"))
    try:
        # Its own folder becomes a link while it is in use.
        os.rename(scratch, scratch + ".away")
        os.symlink(bait["host"]["folder"], scratch)
    except OSError as error:
        return str(error)
    return "replaced"
