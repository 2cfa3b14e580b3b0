"""What runs in the drive's pods: answers HTTP on a port; `busy` also counts aloud, and ends slowly."""

import signal
import socket
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nanswered"


def end_slowly(_number: int, _frame: object) -> None:
    """Take a while, so that somebody can watch."""
    time.sleep(3)
    sys.exit()


def main() -> None:
    """Serve until ended."""
    server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
    print(f"serving on {sys.argv[1]}", flush=True)
    if "busy" in sys.argv:
        signal.signal(signal.SIGTERM, end_slowly)
        server.settimeout(0.2)
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
