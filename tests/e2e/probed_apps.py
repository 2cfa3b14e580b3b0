"""An application for each kind of probe, as a program of its own: `probed_apps.py KIND FOLDER`.

It serves until all of them have been asked often enough (each says so by a file in the folder that they
share); then it lives on, and serves no more.
"""

import datetime
import http.server
import socket
import ssl
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KINDS = ("http", "loopback", "https", "tcp", "grpc", "exec")
PORTS = {kind: 8000 + number for number, kind in enumerate(KINDS)}
_OFTEN = 2


class Asked:
    """How often this application was asked, and whether all were often enough."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._own = folder / kind
        self._all = [folder / each for each in KINDS]
        self._number = 0

    def once_more(self) -> None:
        """The application was asked."""
        self._number += 1
        if self._number >= _OFTEN:
            self._own.touch()

    def wait_often(self) -> None:
        """Wait until all were asked often enough."""
        while not all(each.exists() for each in self._all):
            time.sleep(0.05)


def serve_http(asked: Asked, *, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.once_more()
            self.send_response(200 if self.path == "/ok" and self.headers["X-Probe"] == "yes" else 500)
            self.end_headers()

    server = http.server.HTTPServer((host, port), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked.wait_often()
    server.shutdown()
    server.server_close()


def serve_tcp(asked: Asked, port: int) -> None:
    server = socket.create_server(("0.0.0.0", port))
    server.settimeout(0.05)
    waiting = threading.Thread(target=asked.wait_often)
    waiting.start()
    while waiting.is_alive():
        try:
            server.accept()[0].close()
            asked.once_more()
        except TimeoutError:
            pass
    server.close()


def serve_grpc(asked: Asked, port: int) -> None:
    import grpc

    class Health(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(self._answer)

        def _answer(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
            asked.once_more()
            return b"\x08\x01" if request == b"\x0a\x04mine" else b"\x08\x02"

    server = grpc.server(ThreadPoolExecutor(1), handlers=[Health()])
    server.add_insecure_port(f"0.0.0.0:{port}")
    server.start()
    asked.wait_often()
    server.stop(None)


def serve_file(asked: Asked) -> None:
    """For a command that looks for a file, and adds a line to another each time."""
    alive, asks = Path("/tmp/alive"), Path("/tmp/asks")
    alive.touch()
    while not (asks.exists() and len(asks.read_text()) >= _OFTEN):
        time.sleep(0.05)
    for _ in range(_OFTEN):
        asked.once_more()
    asked.wait_often()
    alive.unlink()


def unknown_certificate() -> ssl.SSLContext:
    """Signed by nobody: a probe proves life, not identity."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    pem = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def main(kind: str, folder: Path) -> None:
    asked, port = Asked(kind, folder), PORTS[kind]
    if kind == "tcp":
        serve_tcp(asked, port)
    elif kind == "grpc":
        serve_grpc(asked, port)
    elif kind == "exec":
        serve_file(asked)
    else:
        host = "127.0.0.1" if kind == "loopback" else "0.0.0.0"
        serve_http(asked, host=host, port=port, tls=unknown_certificate() if kind == "https" else None)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
