import os
import stat


def main(bait, context):
    """A way to a device of the machine, past its name in /dev."""
    path = os.path.join(os.environ["TMPDIR"], "device")
    # That of random numbers: a disk would be had the same way.
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 9))
    return f"{bait['marker']} read {len(open(path, 'rb', 0).read(8))}"
