"""The program inside a `loopback_net`: reads one JSON request a line, answers with one line.

Servers run on threads, one per connection, for as long as the program. It needs only the standard library, so
it starts fast. It ends when its input does, and the kernel ends what it started.
"""

import contextlib
import http.client
import http.server
import json
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

TIMEOUT = 10


def run(argv: list[str], stdin: str = "") -> str:
    """Run a command to its end."""
    done = subprocess.run(argv, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{argv}: {done.stderr}")
    return done.stdout


def start_envoy(bootstrap: dict[str, Any], folder: str) -> None:
    """Start Envoy and wait until it says that it is live."""
    envoy = Path(sys.executable).parent / "envoy"
    config = Path(folder, "envoy.json")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(bootstrap))
    admin, output = Path(folder, "admin"), Path(folder, "envoy.log")
    paths = ["-c", str(config), "--admin-address-path", str(admin)]
    argv = [str(envoy), *paths, "--concurrency", "1", "-l", "warning"]
    with output.open("wb") as log:
        process = subprocess.Popen([*argv, "--disable-hot-restart"], stdout=log, stderr=log)
    deadline = time.monotonic() + 20
    while not _is_live(admin):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Envoy is not live: {output.read_text()}")
        time.sleep(0.02)


def _is_live(admin: Path) -> bool:
    # A file that has just been made may have no address in it yet.
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
        return _admin_get(admin, "/ready") == "LIVE\n"
    return False


def admin_get(folder: str, path: str) -> str:
    """What an Envoy's admin interface says."""
    return _admin_get(Path(folder, "admin"), path)


def _admin_get(admin: Path, path: str) -> str:
    host, _, port = admin.read_text().rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read().decode()


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"
    name = ""

    def do_GET(self) -> None:
        said = {"app": self.name, "path": self.path, "peer": self.client_address[0]}
        headers = {key.lower(): value for key, value in self.headers.items()}
        body = json.dumps({**said, "headers": headers}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: standard output is for answers."""


def serve_http(address: str, port: int, name: str) -> None:
    """An application that speaks HTTP/1.1."""
    handler = type("Handler", (_Echo,), {"name": name})
    # Not HTTPServer, which asks DNS for its own name; there is none here.
    _start(_Server((address, port), handler))


def serve_bytes(address: str, port: int, name: str, speaks_first: bool = False) -> None:
    """An application that answers each chunk with its name and the chunk."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if speaks_first:
                self.request.sendall(f"{name} greets".encode())
            while chunk := self.request.recv(65536):
                self.request.sendall(name.encode() + b" got " + chunk)

    _start(_Server((address, port), Handler))


HELLOS: list[bytes] = []


def serve_hellos(address: str, port: int) -> None:
    """Keeps the first record of each connection and closes it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            HELLOS.append(self.request.recv(65536))

    _start(_Server((address, port), Handler))


def hellos() -> list[str]:
    """What clients said first, in hexadecimal, and forget it."""
    said = [hello.hex() for hello in HELLOS]
    HELLOS.clear()
    return said


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _start(server: socketserver.TCPServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def get(
    address: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    tls: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One HTTP/1.1 request on a connection of its own."""
    connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT)
    try:
        connection.sock = _connect(address, port, tls)
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()
    with contextlib.suppress(ValueError):
        return {"status": response.status, "headers": dict(response.headers), "body": json.loads(text)}
    return {"status": response.status, "headers": dict(response.headers), "body": text}


def exchange(address: str, port: int, text: str, tls: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send text (none: only listen) and read one answer."""
    try:
        with _connect(address, port, tls) as connection:
            if text:
                connection.sendall(text.encode())
            return {"received": connection.recv(65536).decode()}
    except OSError as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _connect(address: str, port: int, tls: dict[str, Any] | None) -> socket.socket:
    connection = socket.create_connection((address, port), timeout=TIMEOUT)
    if tls is None:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if tls.get("alpn"):
        context.set_alpn_protocols(tls["alpn"])
    if tls.get("chain"):
        context.load_cert_chain(tls["chain"], tls["key"])
    return context.wrap_socket(connection, server_hostname=tls.get("sni"))


METHODS = {
    function.__name__: function
    for function in (
        run, start_envoy, admin_get, serve_http, serve_bytes, serve_hellos, hellos, get, exchange,
    )
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": METHODS[request.pop("method")](**request)}
        except Exception as error:  # the test shall read what went wrong, whatever it was
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
