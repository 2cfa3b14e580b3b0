"""The program behind `test/web`: tells who answered whom, and is sick while /tmp/sick exists."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Teller(BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        told = {"pod": os.uname().nodename, "client": self.client_address[0], "path": self.path}
        body = json.dumps(told).encode()
        self.send_response(500 if self.path == "/healthz" and os.path.exists("/tmp/sick") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    ThreadingHTTPServer(("0.0.0.0", port), Teller).serve_forever()
