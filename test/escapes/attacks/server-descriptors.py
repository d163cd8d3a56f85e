import os


def main(bait, context):
    """Opens anew what the server and its own parents have open."""
    found = []
    for pid in {bait["server"]["pid"], os.getppid(), 1}:
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{fd}"
                if os.readlink(path).endswith("laneway.db"):
                    found.append(open(path, "rb").read(15).decode("latin1"))
        except OSError as error:
            found.append(str(error))
    return found
