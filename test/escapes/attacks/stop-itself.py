import os
import signal


def main(bait, context):
    """Holds itself, so that nobody gets an answer."""
    os.kill(os.getpid(), signal.SIGSTOP)
    return "went on"
