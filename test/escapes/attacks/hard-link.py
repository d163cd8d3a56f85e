import os


def main(bait, context):
    """A second name for a file, in a place that it may read."""
    link = os.path.join(os.environ["TMPDIR"], bait["marker"])
    try:
        os.link(bait["host"]["file"], link)
        return open(link).read()
    except OSError as error:
        # Another file system: the same through the server's own view of it.
        try:
            os.link(f"/proc/{bait['server']['pid']}/root{bait['host']['file']}", link)
            return open(link).read()
        except OSError as second:
            return f"{error}; {second}"
