import ctypes
import errno
import os

# Each with arguments that no kernel accepts: who answers EINVAL and the like was let through to it.
CALLS = {
    "ptrace": (101, 0x4200, 0, 0, 0),
    "mount": (165, 0, 0, 0, 0),
    "umount2": (166, 0, -1),
    "pivot_root": (155, 0, 0),
    "swapon": (167, 0, -1),
    "init_module": (175, 0, 0, 0),
    "kexec_load": (246, 0, 99999, 0, 0),
    "keyctl": (250, 9999, 0, 0, 0),
    "add_key": (248, 0, 0, 0, 0, 0),
    "unshare": (272, 0x10000000 | 1),
    "setns": (308, -1, 0),
    "open_by_handle_at": (304, -1, 0, 0),
    "process_vm_readv": (310, -1, 0, 0, 0, 0, 1),
    "bpf": (321, 9999, 0, 0),
    "userfaultfd": (323, 0x7FFFFFFF),
    "perf_event_open": (298, 0, 0, -1, -1, 0xFFFFFFFF),
    "io_uring_setup": (425, 0, 0),
    "fsopen": (430, 0, -1),
    "move_mount": (429, -1, 0, -1, 0, -1),
    "pidfd_getfd": (438, -1, 0, 0),
}


def main(bait, context):
    """Which doors of the kernel that nobody needs for a function stand open."""
    if os.uname().machine != "x86_64":
        return "the numbers are those of x86_64"
    libc = ctypes.CDLL(None, use_errno=True)
    answers = {}
    for name, (number, *values) in CALLS.items():
        result = libc.syscall(number, *[ctypes.c_long(value) for value in values])
        code = errno.errorcode.get(ctypes.get_errno()) if result < 0 else "0"
        answers[name] = "shut" if code in ("EPERM", "ENOSYS") else f"open ({code})"
    return answers
