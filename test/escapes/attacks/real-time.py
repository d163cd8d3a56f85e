import glob
import os
import subprocess


def main(bait, context):
    """A process that is always served before all others of the machine, out of the groups that could hold it back."""
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 600; :", bait["marker"]], start_new_session=True, env={})
    for group in glob.glob("/sys/fs/cgroup/cgroup.procs") + glob.glob("/sys/fs/cgroup/*/cgroup.procs"):
        try:
            with open(group, "w") as file:
                file.write(str(child.pid))
        except OSError:
            continue
    os.sched_setscheduler(child.pid, os.SCHED_FIFO, os.sched_param(1))
    return os.sched_getscheduler(child.pid)
