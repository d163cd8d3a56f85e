import resource


def main(bait, context):
    """Lowers a limit of the server's process."""
    resource.prlimit(bait["server"]["pid"], resource.RLIMIT_RTTIME, (3_600_000_000, 3_600_000_000))
