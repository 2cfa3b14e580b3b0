"""Programs that pods under test run, as text: a gRPC server with the health service, and one of HTTPS."""

# Serves the health of "mine" (SERVING) and anything else (NOT_SERVING) with a real gRPC library.
GRPC_SERVER = """
import grpc
from concurrent.futures import ThreadPoolExecutor

class Health(grpc.GenericRpcHandler):
    def service(self, call):
        assert call.method == "/grpc.health.v1.Health/Check"
        answer = lambda request, context: b"\\x08\\x01" if request == b"\\x0a\\x04mine" else b"\\x08\\x02"
        return grpc.unary_unary_rpc_method_handler(answer)

server = grpc.server(ThreadPoolExecutor(1), handlers=[Health()])
server.add_insecure_port("0.0.0.0:5000")
server.start()
server.wait_for_termination()
"""

# With a certificate that nobody signed: a probe proves life, not identity.
HTTPS_SERVER = """
import datetime, http.server, ssl, tempfile
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pod")])
now = datetime.datetime.now(datetime.UTC)
made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
pem = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ok" else 500)
        self.end_headers()

with tempfile.NamedTemporaryFile() as file:
    file.write(pem)
    file.flush()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file.name)
server = http.server.ThreadingHTTPServer(("0.0.0.0", 5000), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
