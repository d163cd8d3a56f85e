import errno
import socket


def main(bait, context):
    """The machine's metadata service, an address of the world, and a name."""
    return [attempt(lambda: socket.create_connection(("169.254.169.254", 80), 3)), attempt(lambda: socket.create_connection(("192.0.2.1", 80), 3)), attempt(lambda: socket.getaddrinfo("example.com", 80))]


def attempt(reach):
    try:
        reach()
        return "reached"
    except socket.gaierror as error:
        return f"no name: {error}"
    except TimeoutError:
        return "packets were sent"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
