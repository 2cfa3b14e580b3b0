"""A real Envoy is served over mutual TLS only as the proxy that its certificate proves."""

import contextlib

import pytest
from tests.kit.ads import resources
from tests.kit.ads_server import IDENTITY, NODE_ID, serving
from tests.kit.certificates import Authority
from tests.kit.envoy_process import ads_bootstrap, running_envoy
from tests.kit.http_config import eds_cluster, endpoints
from tests.kit.waiting import until

from convoy.xds.server.security import MutualTls

pytestmark = pytest.mark.envoy

TARGET = resources([eds_cluster("backend")], [endpoints("backend", 1)])


def tls_context(authority, issued):
    return {
        "sni": "localhost",
        "common_tls_context": {
            "tls_certificates": [
                {
                    "certificate_chain": {"inline_string": issued.chain_pem.decode()},
                    "private_key": {"inline_string": issued.key_pem.decode()},
                }
            ],
            "validation_context": {"trusted_ca": {"inline_string": authority.root_pem.decode()}},
        },
    }


@contextlib.asynccontextmanager
async def envoy_as(identity, tmp_path, *, authority=None, node_id=NODE_ID):
    """An Envoy with a certificate of `identity`, and a server that trusts `authority` alone."""
    ours = Authority()
    issuer = authority or ours
    async with serving(TARGET, security=MutualTls(ours.server_bundle)) as served:
        tls = tls_context(ours, issuer.issue(spiffe=(identity,)))
        bootstrap = ads_bootstrap(served.port, node_id=node_id, tls=tls)
        async with running_envoy(bootstrap, tmp_path) as envoy:
            yield served, envoy


async def test_proven_identity_is_served(tmp_path):
    async with envoy_as(IDENTITY, tmp_path) as (served, envoy):
        await served.wait_state("SYNCED", "CDS", "EDS", "LDS")
        assert await envoy.stat("cluster_manager.active_clusters") == 2


@pytest.mark.parametrize(
    ("identity", "node_id"),
    [
        ("spiffe://cluster.local/ns/default/sa/other", NODE_ID),
        (IDENTITY, "sidecar~127.0.0.1~unknown.default~default.svc.cluster.local"),
        (IDENTITY, "somebody"),
    ],
    ids=["other account", "unknown proxy", "no proxy"],
)
async def test_others_are_refused(tmp_path, identity, node_id):
    async with envoy_as(identity, tmp_path, node_id=node_id) as (served, envoy):
        await until(lambda: served.ads.statistics().streams_refused >= 2)
        assert served.ads.statistics().responses == 0
        assert await envoy.stat("cluster_manager.cds.update_success") == 0


async def test_certificate_of_another_root_does_not_connect(tmp_path):
    async with envoy_as(IDENTITY, tmp_path, authority=Authority()) as (served, envoy):
        await envoy.wait_stat("cluster.xds-grpc.upstream_cx_connect_fail", 1)
        assert served.ads.statistics().requests == 0
