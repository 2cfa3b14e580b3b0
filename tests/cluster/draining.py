"""The program behind `test/draining`: an HTTP server with keep-alive, which ends as its argument says.

`at-once`: SIGTERM ends it like most programs. `drains`: it goes on, asks its clients to close, and ends with
the last connection, as a program must that keeps connections open behind a Service of any Kubernetes.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import NoReturn

_LONGEST = 8.0
_stopping = threading.Event()
_open: set[int] = set()


class Drainer(BaseHTTPRequestHandler):
    """Answers every GET; its connections stay open until the client or the program has had enough."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        _open.add(id(self))

    def finish(self) -> None:
        super().finish()
        _open.discard(id(self))

    def do_GET(self) -> None:
        time.sleep(0.005)
        body = json.dumps({"pod": os.uname().nodename}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if _stopping.is_set():
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_ignored: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """With a backlog that holds what arrives at once."""

    request_queue_size = 128
    daemon_threads = True


def drain(_signal: int, _frame: FrameType | None) -> None:
    """Begin to end."""
    _stopping.set()
    threading.Thread(target=_end).start()


def _end() -> NoReturn:
    deadline = time.monotonic() + _LONGEST
    while _open and time.monotonic() < deadline:
        time.sleep(0.02)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:] == ["drains"]:
        signal.signal(signal.SIGTERM, drain)
    Server(("0.0.0.0", 8080), Drainer).serve_forever()
