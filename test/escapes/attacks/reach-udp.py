import socket


def main(bait, context):
    """A datagram to a service of the machine."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bait["marker"].encode(), ("127.0.0.1", bait["host"]["udp"]))
