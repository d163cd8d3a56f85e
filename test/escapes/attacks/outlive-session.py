import subprocess


def main(bait, context):
    """Starts a process in a session of its own, and is done."""
    return subprocess.Popen(["/bin/sh", "-c", "sleep 600; :", bait["marker"]], start_new_session=True).pid
