import re
import subprocess


def main(bait, context):
    """Whether a program that it starts may get more rights than it has itself (setuid)."""
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 1; :", bait["marker"]])
    status = dict(re.findall(r"(\w+):\t(.*)", open(f"/proc/{child.pid}/status").read()))
    child.wait()
    return {"no_new_privileges": status["NoNewPrivs"], "capabilities": status["CapBnd"], "seccomp": status["Seccomp"]}
