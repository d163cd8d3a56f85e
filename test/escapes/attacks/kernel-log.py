import ctypes


def main(bait, context):
    """The kernel's log: addresses, devices, what other programs did."""
    libc = ctypes.CDLL(None, use_errno=True)
    text = ctypes.create_string_buffer(1 << 16)
    length = libc.klogctl(3, text, len(text))
    return {"read": length, "error": ctypes.get_errno() if length < 0 else 0}
