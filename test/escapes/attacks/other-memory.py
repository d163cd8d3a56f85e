import glob
import re


def main(bait, context):
    """Reads the memory of other functions' workers."""
    found = set()
    for file in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if "process-entry" not in open(file).read():
                continue
            pid = file.split("/")[2]
            with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
                for line in maps:
                    if "[heap]" in line:
                        start, end = (int(part, 16) for part in line.split()[0].split("-"))
                        memory.seek(start)
                        found |= set(re.findall(rb"bait-[0-9a-f]{32}", memory.read(end - start)))
        except OSError as error:
            found.add(str(error).encode())
    return [text.decode() for text in found]
