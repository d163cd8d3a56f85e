import json
import os
import struct


def main(bait, context):
    """A message that says it has four gigabytes, and begins to deliver them."""
    os.write(4, struct.pack("<II", 0xFFFFFFFF, 20))
    for _ in range(100):
        os.write(4, b"x" * (1 << 20))
    return "sent"
