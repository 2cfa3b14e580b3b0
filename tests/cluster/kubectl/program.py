"""What runs in the drive's pods: answers HTTP on a port, and with a second argument counts aloud."""

import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nanswered"


def main() -> None:
    """Serve until ended."""
    server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
    is_loud = len(sys.argv) > 2
    print(f"serving on {sys.argv[1]}", flush=True)
    server.settimeout(0.2 if is_loud else None)
    count = 0
    while True:
        try:
            client, _address = server.accept()
        except TimeoutError:
            count += 1
            print(f"tick {count}", flush=True)
            continue
        with client:
            client.recv(1 << 16)
            client.sendall(ANSWER)


if __name__ == "__main__":
    main()
