import subprocess
import time


def main(bait, context):
    """300 processes, and more do not fit anywhere."""
    made = []
    try:
        for _ in range(300):
            made.append(subprocess.Popen(["sleep", "20"]))
    except OSError as error:
        return f"{len(made)} processes, then {error}"
    time.sleep(3)
    return f"all {len(made)} processes of {bait['marker']}"
