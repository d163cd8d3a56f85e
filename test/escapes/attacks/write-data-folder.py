import os


def main(bait, context):
    """A file beside the records, where the server looks for processes to kill at its next start."""
    with open(os.path.join(bait["server"]["data"], "workers", "pids", bait["marker"]), "w") as file:
        file.write(bait["marker"])
