"""The fleet runs as a program, and what it counts is what its server sent."""

import asyncio
import re
import subprocess
import sys

import pytest
from bench.synthetic.members import new_authority
from tests.kit.ads import resources
from tests.kit.ads_server import PROXY, serving
from tests.kit.http_config import eds_cluster, endpoints, http_listener, http_route

from convoy.ca.issuers import issue_server
from convoy.xds.cache.resources import XdsModel
from convoy.xds.server.security import CertificateBundle, MutualTls


def fleet(*arguments):
    command = [sys.executable, "-m", "bench", "fleet", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize("security", [(), ("--tls",)], ids=["plain", "tls"])
def test_every_client_gets_every_change_and_a_restart_sends_nothing(security):
    done = fleet("--clients", "6", "--services", "3", *security)
    assert done.returncode == 0, done.stderr
    assert "connect all" in done.stdout
    # Three clusters and assignments a service; four fixed clusters, three listeners, one table of routes.
    assert "26 resources" in done.stdout
    assert "sent             0 resources, 0 removals" in done.stdout


async def test_fleet_drives_a_server_at_an_address():
    target = resources(
        [eds_cluster("a")], [endpoints("a", 1)], [http_listener("l", route="80")], [http_route("80", "a")]
    )
    async with serving(target) as served:
        address = f"127.0.0.1:{served.port}"
        node = f"sidecar~127.0.0.1~{PROXY}~default.svc.cluster.local"
        arguments = ("--address", address, "--clients", "3", "--nodes", node, "--seconds", "0")
        done = await asyncio.to_thread(fleet, *arguments)
        assert done.returncode == 0, done.stderr
        assert "4.0 resources" in done.stdout
        assert served.ads.statistics().resources_sent == 12


async def test_fleet_proves_to_be_the_pods_of_the_synthetic_mesh(tmp_path):
    issuer = new_authority(tmp_path)
    server = issue_server(issuer, "cluster.local")
    chain, roots = b"".join(server.certificate.chain_pem), b"".join(issuer.roots_pem)
    security = MutualTls(lambda: CertificateBundle(server.key_pem, chain, roots))
    target = resources([], [], [http_listener("l", route="80")], [http_route("80", "a")])
    pods = {
        f"service-{number}-{replica}.namespace-{number}": f"namespace-{number}/sa/service-{number}"
        for number in range(2)
        for replica in range(2)
    }
    async with serving(security=security) as served:
        identities = {name: f"spiffe://cluster.local/ns/{account}" for name, account in pods.items()}
        served.set_model(XdsModel(1, dict.fromkeys(pods, target), identities))
        address = f"127.0.0.1:{served.port}"
        mesh = ("--issuer", str(tmp_path), "--services", "2", "--clients", "4")
        done = await asyncio.to_thread(fleet, "--address", address, *mesh, "--seconds", "0")
        assert done.returncode == 0, done.stderr
        assert "2.0 resources" in done.stdout
        assert served.ads.statistics().streams_opened == 4


@pytest.mark.parametrize("address", ["192.0.2.1:15012", "example.com:15012"])
def test_load_goes_to_loopback_only(address):
    done = fleet("--address", address)
    assert done.returncode == 2
    assert re.search("loopback", done.stderr)


def test_server_that_is_not_there_is_said_in_a_sentence():
    done = fleet("--address", "127.0.0.1:1", "--clients", "2", "--at-most", "2")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "127.0.0.1:1" in done.stderr
