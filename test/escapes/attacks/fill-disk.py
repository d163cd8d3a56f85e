import os


def main(bait, context):
    """A file of 600 MB."""
    path = os.path.join(os.environ["TMPDIR"], bait["marker"])
    block = b"\1" * (4 << 20)
    with open(path, "wb") as file:
        for _ in range(150):
            file.write(block)
        file.flush()
    size = os.stat(path).st_size
    os.remove(path)
    return f"{bait['marker']} wrote {size}"
