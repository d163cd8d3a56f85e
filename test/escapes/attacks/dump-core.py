import os
import resource
import signal
import subprocess
import sys


def main(bait, context):
    """A crash that leaves its memory in a file."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    crash = "import os, sys; kept = sys.argv[1]; os.abort()"
    ended = subprocess.run([sys.executable, "-c", crash, bait["marker"]], cwd=os.environ["TMPDIR"])
    left = [name for name in os.listdir(os.environ["TMPDIR"]) if name.startswith("core")]
    return {"signal": -ended.returncode == signal.SIGABRT, "cores": left}
