"""Rows of `proxy-config` from Envoy's own answers."""

from tests.kit.certificates import Authority

from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_intermediate, issue_workload, new_root
from convoy.ca.keys import build_csr, key_to_pem, new_key
from convoy.cli.proxy_dump import route_rows, secret_rows


def test_secrets_are_told_by_their_own_certificates_and_never_by_keys() -> None:
    root = new_root()
    key = new_key()
    identity = Identity("cluster.local", "default", "reviews")
    issued = issue_workload(issue_intermediate(root, "cluster1"), build_csr(key), identity=identity)
    chain = b"".join(issued.chain_pem).decode()
    key_pair = {
        "certificate_chain": {"inline_string": chain},
        "private_key": {"inline_string": key_to_pem(key).reveal().decode()},
    }
    dump = _secrets(
        {"name": "default", "secret": {"tls_certificate": key_pair}},
        {"name": "ROOTCA", "secret": {"validation_context": {"trusted_ca": {}}}},
    )
    roots, pair = secret_rows(dump)
    assert roots == ("ROOTCA", "root", "active", "-", "-", "-")
    assert pair[:4] == ("default", "key pair", "active", "spiffe://cluster.local/ns/default/sa/reviews")
    assert pair[5].endswith("Z")
    assert "PRIVATE" not in str(secret_rows(dump))


def test_a_certificate_without_an_identity_is_told_by_its_hosts() -> None:
    chain = Authority().issue(dns=("a.test", "b.test")).chain_pem.decode()
    pair = {"certificate_chain": {"inline_string": chain}}
    (row,) = secret_rows(_secrets({"name": "kubernetes://ns/a", "secret": {"tls_certificate": pair}}))
    assert row[3] == "a.test, b.test"


def test_a_virtual_host_shows_its_first_domain_and_counts_the_others() -> None:
    host = {
        "name": "reviews:9080",
        "domains": ["reviews", "reviews.default", "10.0.0.1"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "c"}}],
    }
    section = {
        "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
        "dynamic_route_configs": [{"route_config": {"name": "9080", "virtual_hosts": [host]}}],
    }
    assert route_rows({"configs": [section]}) == [("9080", "reviews:9080", "reviews + 2 more", "/*", "c", "")]


def _secrets(*entries):
    kind = "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"
    return {"configs": [{"@type": kind, "dynamic_active_secrets": list(entries)}]}
