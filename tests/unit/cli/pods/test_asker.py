"""The program that makes requests inside a pod, run here as it is there: as the text of `python -c`."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from convoy.cli.pods import asker

PROGRAM = Path(asker.__file__).read_text()


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = {"host": self.headers["Host"], "user": self.headers.get("end-user"), "path": self.path}
        body = json.dumps(said).encode()
        self.send_response(418 if self.path == "/teapot" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def run(port: int, **changes: Any) -> list[dict[str, Any]]:
    wanted = {
        "address": "127.0.0.1", "port": port, "host": "reviews:9080", "path": "/reviews/0",
        "headers": {"end-user": "jason"}, "count": 1, "connections": 1, **changes,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(wanted)], capture_output=True, check=True, timeout=30
    )
    replies: list[dict[str, Any]] = json.loads(done.stdout)
    return replies


def test_it_says_the_host_and_headers_that_it_was_told(port) -> None:
    [reply] = run(port)
    assert reply["status"] == 200
    assert json.loads(reply["body"]) == {"host": "reviews:9080", "user": "jason", "path": "/reviews/0"}


def test_connections_share_the_count(port) -> None:
    assert [reply["status"] for reply in run(port, count=50, connections=4)] == [200] * 50
    assert len(run(port, count=2, connections=8)) == 2


def test_other_answers_and_none_are_told(port) -> None:
    assert run(port, path="/teapot")[0]["status"] == 418
    [refused, again] = run(1, count=2)
    assert refused == again == {"status": 0, "body": "ConnectionRefusedError: [Errno 111] Connection refused"}
