import json
import os
import struct
import threading
import time


def main(bait, context):
    """Ends the next run of its own worker from the thread that the first one left behind."""
    if bait["call"] == 1:
        threading.Thread(target=forge, args=(bait["marker"],), daemon=True).start()
        return "left"
    time.sleep(3)
    return "honest"


def forge(marker):
    for _ in range(100):
        time.sleep(0.05)
        for run in range(2, 20):
            header = json.dumps({"type": "result", "run": run, "children": False}).encode()
            data = json.dumps(marker).encode()
            os.write(4, struct.pack("<II", 4 + len(header) + len(data), len(header)) + header + data)
