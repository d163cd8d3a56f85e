import subprocess
import sys

HOLD = "import time; kept = bytearray(100 << 20); kept[::4096] = b'x' * (len(kept) // 4096); print('held', flush=True); time.sleep(4)"


def main(bait, context):
    """600 MB in six processes that left its group."""
    children = [subprocess.Popen([sys.executable, "-c", HOLD, bait["marker"]], stdout=subprocess.PIPE, start_new_session=True, env={}) for _ in range(6)]
    held = [child.stdout.readline() for child in children]
    codes = [child.wait() for child in children]
    if any(codes) or b"" in held:
        raise MemoryError(f"children ended with {codes}")
    return "held"
