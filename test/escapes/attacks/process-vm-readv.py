import ctypes
import os
import re


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def main(bait, context):
    """Reads the server's memory by a system call."""
    pid = bait["server"]["pid"]
    libc = ctypes.CDLL(None, use_errno=True)
    start, end = stack_of(pid)
    buffer = ctypes.create_string_buffer(end - start)
    found = ""
    # The lowest pages of a stack may not be there: page by page.
    for offset in range(0, end - start, 4096):
        local = Vector(ctypes.addressof(buffer) + offset, 4096)
        remote = Vector(start + offset, 4096)
        if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) < 0:
            found = os.strerror(ctypes.get_errno())
    return [found, re.findall(r"HOST_BAIT=(\S{37})", buffer.raw.decode("latin1"))]


def stack_of(pid):
    try:
        for line in open(f"/proc/{pid}/maps"):
            if "[stack]" in line:
                return tuple(int(part, 16) for part in line.split()[0].split("-"))
    except OSError:
        pass
    return 0x7FFC00000000, 0x7FFC00010000
