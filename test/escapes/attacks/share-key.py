import ctypes


def main(bait, context):
    """A note in the kernel's keyring of the user, which others of the user can read."""
    libc = ctypes.CDLL(None, use_errno=True)
    description = bait["marker"].encode()
    return libc.syscall(248, b"user", description, b"text", ctypes.c_size_t(4), ctypes.c_int(-4)), ctypes.get_errno()
