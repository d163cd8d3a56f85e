import atexit
import signal
import subprocess
import time


def main(bait, context):
    """Code for the moment of its end, that starts anew what was ended."""

    def again(*_):
        subprocess.Popen(["/bin/sh", "-c", "sleep 600; :", bait["marker"]], start_new_session=True)
        time.sleep(60)

    atexit.register(again)
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(name, again)
    return "registered"
