import subprocess
import sys

HOLD = "import time; kept = bytearray(100 << 20); kept[::4096] = b'x' * (len(kept) // 4096); print('held', flush=True); time.sleep(8)"


def main(bait, context):
    """600 MB in six processes of its own, none of them large."""
    children = [subprocess.Popen([sys.executable, "-c", HOLD, bait["marker"]], stdout=subprocess.PIPE) for _ in range(6)]
    held = [child.stdout.readline() for child in children]
    codes = [child.wait() for child in children]
    if any(codes) or b"" in held:
        raise MemoryError(f"children ended with {codes}")
    return "held"
