import socket


def main(bait, context):
    """A command to a service that asks nobody for a password."""
    connection = socket.create_connection(("127.0.0.1", bait["host"]["tcp"]), 5)
    connection.sendall(f"SET {bait['marker']} 1\r\nPING\r\n".encode())
    return connection.recv(100).decode()
