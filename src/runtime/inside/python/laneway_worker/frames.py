"""Frames between the server and this process, as in inside/frames.ts."""

import json
import os
import struct

FROM_SERVER = 3
TO_SERVER = 4
PREFIX = struct.Struct("<II")


class ServerGone(Exception):
    """The server closed its end."""


def read_frame():
    """One message as (header, bytes of its data). Raises ServerGone."""
    total, header_length = PREFIX.unpack(_read_exactly(PREFIX.size))
    body = _read_exactly(total - 4)
    return json.loads(body[:header_length]), body[header_length:]


def write_frame(header, data=b""):
    """Sends one message. The descriptor blocks, so what was said before a crash has arrived."""
    text = json.dumps(header).encode()
    rest = memoryview(PREFIX.pack(4 + len(text) + len(data), len(text)) + text + data)
    while len(rest) > 0:
        rest = rest[os.write(TO_SERVER, rest) :]


def _read_exactly(count):
    pieces = []
    while count > 0:
        piece = os.read(FROM_SERVER, min(count, 1 << 20))
        if not piece:
            raise ServerGone()
        pieces.append(piece)
        count -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
