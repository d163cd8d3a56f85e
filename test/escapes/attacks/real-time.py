import os
import subprocess


def main(bait, context):
    """A process that is always served before all others of the machine."""
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 600; :", bait["marker"]], start_new_session=True, env={})
    os.sched_setscheduler(child.pid, os.SCHED_FIFO, os.sched_param(1))
    return os.sched_getscheduler(child.pid)
