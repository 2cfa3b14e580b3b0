"""Facts about what people are shown of encoded resources."""

from tests.kit.ads import cluster, secret

from convoy.kit.secrets import SecretBytes
from convoy.mesh.model import CredentialKey, KeyFiles, KeyPair
from convoy.xds.build.secrets import build_secret
from convoy.xds.cache.encode import encode_resource
from convoy.xds.cache.readable import readable
from convoy.xds.cache.resources import SECRET

KEY = b"-----BEGIN PRIVATE KEY-----"


def test_a_resource_is_shown_with_its_type() -> None:
    shown = readable(cluster("one"))
    assert (shown["@type"].rpartition(".")[2], shown["name"]) == ("Cluster", "one")


def test_a_private_key_is_never_shown() -> None:
    pair = KeyPair(CredentialKey("ns", "a"), b"chain", SecretBytes(KEY))
    shown = readable(encode_resource(SECRET, "a", build_secret(pair)))
    assert shown["name"] == "kubernetes://ns/a"
    assert shown["tls_certificate"]["private_key"] == {"inline_bytes": "[redacted]"}
    assert "certificate_chain" in shown["tls_certificate"]


def test_where_a_private_key_is_found_is_shown() -> None:
    shown = readable(encode_resource(SECRET, "a", build_secret(KeyFiles("/c/a.crt", "/c/a.key"))))
    assert shown["tls_certificate"]["private_key"] == {"filename": "/c/a.key"}
    assert shown["tls_certificate"]["watched_directory"] == {"path": "/c"}


def test_an_encoded_resource_is_printed_without_its_bytes() -> None:
    made = secret("a", KEY)
    assert KEY in made.delta_chunk
    assert "PRIVATE" not in repr(made)
    assert made.name in repr(made)
