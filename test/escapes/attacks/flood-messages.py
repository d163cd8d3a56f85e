import json
import os
import struct
import time


def main(bait, context):
    """Small messages without end, of runs that are not there, so that none counts."""
    header = json.dumps({"type": "log", "run": 999999, "stream": "info"}).encode()
    frame = struct.pack("<II", 4 + len(header) + 1, len(header)) + header + b"x"
    many = frame * 1000
    sent = 0
    until = time.monotonic() + 5
    while time.monotonic() < until:
        view = memoryview(many)
        while len(view) > 0:
            view = view[os.write(4, view) :]
        sent += 1000
    return sent
