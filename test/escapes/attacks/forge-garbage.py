import os


def main(bait, context):
    """What is no message at all."""
    os.write(4, os.urandom(8) + b"{" * 5000)
    return bait["marker"]
