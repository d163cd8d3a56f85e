import json
import os
import struct
import time


def main(bait, context):
    """600 MB, with the word between them that it has just begun: what it holds then is not counted."""
    kept = []
    header = json.dumps({"type": "ready"}).encode()
    for _ in range(30):
        kept.append(b"\1" * (20 << 20))
        os.write(4, struct.pack("<II", 4 + len(header), len(header)) + header)
        time.sleep(0.1)
    time.sleep(1)
    return len(kept)
