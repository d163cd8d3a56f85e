def main(bait, context):
    """Opens settings of the kernel for writing, and changes none."""
    opened = []
    for name in ("kernel/hostname", "kernel/core_pattern", "vm/overcommit_memory", "net/ipv4/ip_forward"):
        try:
            open("/proc/sys/" + name, "w").close()
            opened.append(name)
        except OSError as error:
            opened.append(str(error))
    return opened
