import json
import os
import struct
import subprocess
import sys

LATER = """
import json, os, struct, sys, time
while True:
    time.sleep(0.05)
    for run in range(1, 20):
        header = json.dumps({"type": "result", "run": run, "children": False}).encode()
        data = json.dumps(sys.argv[1]).encode()
        os.write(4, struct.pack("<II", 4 + len(header) + len(data), len(header)) + header + data)
"""


def main(bait, context):
    """Leaves a process that holds the descriptor of its worker, for the runs that come after in another one."""
    if bait["call"] == 1:
        os.set_inheritable(4, True)
        subprocess.Popen([sys.executable, "-c", LATER, bait["marker"]], close_fds=False, start_new_session=True, env={})
        return "left"
    import time

    time.sleep(1)
    return "honest"
