import os
import time


def main(bait, context):
    """300 processes, and more do not fit anywhere."""
    made = 0
    try:
        for _ in range(300):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            made += 1
    except OSError as error:
        return f"{made} processes, then {error}"
    return f"all {made} processes of {bait['marker']}"
