import socket


def main(bait, context):
    """With a way out to the world: services of the machine itself, under all the names that it may have."""
    said = {}
    for address in ["127.0.0.1", "10.0.2.2", "10.0.2.3", *bait["host"]["addresses"]]:
        for port in (bait["host"]["tcp"], bait["host"]["everywhere"]):
            said[f"{address}:{port}"] = attempt((address, port), socket.AF_INET, bait)
    said["abstract"] = attempt("\0" + bait["host"]["abstract"], socket.AF_UNIX, bait)
    said["file"] = attempt(bait["host"]["socket"], socket.AF_UNIX, bait)
    # Nothing goes out for these: a way there would be told by another error.
    said["metadata"] = attempt(("169.254.169.254", 80), socket.AF_INET, bait)
    return said


def attempt(address, family, bait):
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(2)
    try:
        connection.connect(address)
        connection.sendall(bait["marker"].encode())
        return f"said it, heard {connection.recv(100)}"
    except OSError as error:
        return str(error)
    finally:
        connection.close()
