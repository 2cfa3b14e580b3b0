"""The world that generated objects are put into: Services, pods, a gateway, Secrets."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import strategies as st
from tests.kit.generated.objects import SPECS, objects
from tests.kit.generated.values import CERTIFICATES, NAMESPACES, Json, Strategy, manifest

from convoy.api.base import ApiObject
from convoy.api.meta import ClusterID
from convoy.api.reading import read_object
from convoy.config.view import build_view
from convoy.mesh.model import MeshSettings, MeshSnapshot
from convoy.mesh.snapshot import build_snapshot

SETTINGS = MeshSettings(cluster_id=ClusterID("cluster1"))
SIDECAR, GATE = "app.default", "gate.default"
_SOCKETS = "/var/run"
_PORTS = (("http", 9080), ("http2-x", 8080), ("tcp-db", 9000), ("https", 443), ("any", 80))
# An EnvoyFilter that is valid may make anything of the rest, also what Envoy refuses.
CONSISTENT = tuple(kind for kind in SPECS if kind != "EnvoyFilter")
_NAMES = st.sampled_from(("a", "b", "c", "child", "public"))


def batches(kinds: Iterable[str] = CONSISTENT, *, most: int = 24) -> Strategy:
    """Valid objects of several kinds, no two with one name."""
    one = st.one_of([objects(kind, names=_NAMES) for kind in kinds])
    return st.lists(one, min_size=4, max_size=most, unique_by=_key)


def _key(obj: Json) -> tuple[str, str, str]:
    return (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])


def read_world(batch: Iterable[Json], folder: Path | None = None) -> list[ApiObject]:
    """The fixed objects, and those of a batch that are accepted; files and sockets are in `folder`."""
    text = msgspec.json.encode(list(batch)).decode()
    if folder is not None:
        text = text.replace(CERTIFICATES, str(folder)).replace(_SOCKETS, str(folder))
    found = [read_object(obj).obj for obj in [*_FIXED, *msgspec.json.decode(text)]]
    return [obj for obj in found if obj is not None]


def resolve_world(objects: Iterable[ApiObject]) -> MeshSnapshot:
    """What they mean together."""
    snapshot, _ = build_snapshot(build_view(1, objects), SETTINGS)
    return snapshot


def write_certificates(folder: Path) -> None:
    """A certificate, its key, its issuer and an empty revocation list, as generated objects name them."""
    (folder / "cert.pem").write_bytes(_CERT)
    (folder / "key.pem").write_bytes(_KEY)
    (folder / "ca.pem").write_bytes(_CERT)
    (folder / "crl.pem").write_bytes(_CRL)


def _make_certificate() -> tuple[bytes, bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "generated.example")])
    start = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    revoked = (
        x509.CertificateRevocationListBuilder(name, start, start + timedelta(days=2))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret, revoked


_CERT, _KEY, _CRL = _make_certificate()


def _secret(name: str, namespace: str, **data: bytes) -> Json:
    encoded = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "data": encoded,
    }


def _service(name: str, namespace: str, address: str) -> Json:
    ports = [{"name": each, "port": number} for each, number in _PORTS]
    spec = {"selector": {"app": name}, "clusterIP": address, "ports": ports}
    return manifest("Service", "v1", spec, name=name, namespace=namespace)


def _pod(name: str, namespace: str, address: str, *, app: str, is_gateway: bool = False) -> Json:
    labels = {"app": app, "version": "v1"}
    labels |= {"istio": app} if is_gateway else {"security.istio.io/tlsMode": "istio"}
    spec = {"serviceAccountName": app, "containers": [{"name": "app", "image": "app"}]}
    pod = manifest("Pod", "v1", spec, name=name, namespace=namespace)
    pod["metadata"]["labels"] = labels
    if is_gateway:
        pod["metadata"]["annotations"] = {"inject.istio.io/templates": "gateway"}
        pod["spec"]["containers"] = [{"name": "istio-proxy", "image": "auto"}]
    return {**pod, "status": {"podIP": address}}


_FIXED: tuple[Json, ...] = (
    *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES),
    _service("reviews", "default", "198.18.200.1"),
    _service("ratings", "default", "198.18.200.2"),
    _service("details", "other", "198.18.200.3"),
    _service("app", "default", "198.18.200.4"),
    _pod("app", "default", "198.18.1.1", app="app"),
    _pod("reviews-1", "default", "198.18.1.3", app="reviews"),
    _pod("ratings-1", "default", "198.18.1.4", app="ratings"),
    _pod("details-1", "other", "198.18.1.5", app="details"),
    _pod("gate", "default", "198.18.2.1", app="gate", is_gateway=True),
    *(
        _secret(name, namespace, tls_crt=_CERT, tls_key=_KEY, ca_crt=_CERT)
        for name in ("cert", "other-cert", "cert-ca", "cert-cacert")
        for namespace in NAMESPACES
    ),
)
