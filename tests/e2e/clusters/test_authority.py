"""A mesh's authority is replaced by the user's own at run time, in the order in which that is safe.

Both roots are trusted before anybody has a certificate under the new one, and the old one is dropped once
nobody has a certificate under it any more. Nothing has to be restarted; one version is, all the same.
"""

import asyncio
import base64
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from tests.e2e.clusters.loading import jasons_reviews, load_from_pod
from tests.e2e.clusters.mesh import MeshCluster, Meshes
from tests.kit.waiting import until

from convoy.ca.files import ROOT_CERT, intermediate_to_files
from convoy.ca.issuers import Intermediate, issue_intermediate, new_root
from convoy.ca.keys import certificate_to_pem
from convoy.cli.install.control_plane import CA_SECRET
from convoy.cli.install.gateways import GATEWAY
from convoy.cli.install.settings import SYSTEM_NAMESPACE
from convoy.cli.pods.streams import PodPlace
from convoy.config.kube.resources import CONFIG_MAPS, MUTATING_WEBHOOKS, SECRETS, VALIDATING_WEBHOOKS
from convoy.controlplane.writing.authorities import CONFIGURATIONS
from convoy.controlplane.writing.roots import ROOT_CONFIG_MAP, ROOT_KEY

pytestmark = [
    pytest.mark.world,
    pytest.mark.envoy,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
]
Place = tuple[MeshCluster, PodPlace]

# The file has the key as well, which stays where it is.
_SHOW_CHAIN = """\
import json
secret = json.load(open("/var/run/convoy/sds/default.yaml"))["resources"][0]
print(secret["tls_certificate"]["certificate_chain"]["inline_string"])
"""


async def test_authority_is_replaced_under_load_without_a_lost_request(meshes: Meshes) -> None:
    clusters = (meshes["cluster1"], meshes["cluster2"])
    (old,) = x509.load_pem_x509_certificates((await files_of(clusters[0]))[ROOT_CERT])
    root = new_root()
    own = {each.name: issue_intermediate(root, each.name) for each in clusters}
    proxies = await places_of(clusters)
    async with load_from_pod(clusters[0], proxies[0][1], jasons_reviews()) as load:
        for each in clusters:
            await bring(each, {ROOT_CERT: pem_of(old, root.certificate)})
        await wait_trusted(proxies, old, root.certificate)
        for each in clusters:
            # The new one first: proxies renew what they have whenever their roots change.
            await bring(each, authority(own[each.name], root.certificate, old))
        await clusters[1].restart("reviews-v2")
        proxies.append((clusters[1], await clusters[1].pod_of("reviews")))
        for place in proxies:
            await until(lambda place=place: is_certified_by(place, own[place[0].name]), every=0.3)
        for each in clusters:
            await bring(each, {ROOT_CERT: pem_of(root.certificate)})
        await wait_trusted(proxies, root.certificate)
        for each in clusters:
            await until(lambda each=each: writes(each, pem_of(root.certificate)), every=0.3)
    load.check()


async def places_of(clusters: Sequence[MeshCluster]) -> list[Place]:
    """A pod that calls, both gateways, and one that answers jason."""
    one, two = clusters
    return [
        (one, await one.pod_of("productpage")),
        (one, await one.pod_of(GATEWAY, namespace=SYSTEM_NAMESPACE)),
        (two, await two.pod_of(GATEWAY, namespace=SYSTEM_NAMESPACE)),
        (two, await two.pod_of("ratings")),
    ]


def pem_of(*certificates: x509.Certificate) -> bytes:
    """All of them in one file."""
    return b"".join(map(certificate_to_pem, certificates))


def authority(intermediate: Intermediate, *roots: x509.Certificate) -> dict[str, bytes]:
    """The files of `cacerts` as a user makes them, with all the roots that are to be trusted."""
    return intermediate_to_files(intermediate) | {ROOT_CERT: pem_of(*roots)}


async def files_of(cluster: MeshCluster) -> dict[str, bytes]:
    """What the Secret holds."""
    secret = await cluster.client.get(SECRETS, CA_SECRET, namespace=SYSTEM_NAMESPACE)
    return {name: base64.b64decode(text) for name, text in secret["data"].items()}


async def bring(cluster: MeshCluster, files: dict[str, bytes]) -> None:
    """Put files into the Secret."""
    data = {name: base64.b64encode(content).decode() for name, content in files.items()}
    await cluster.client.patch(SECRETS, CA_SECRET, {"data": data}, namespace=SYSTEM_NAMESPACE)


async def wait_trusted(proxies: Sequence[Place], *roots: x509.Certificate) -> None:
    """Until every one of the proxies trusts these roots and no others."""
    wanted = {serial_of(each) for each in roots}

    async def trusts(place: Place) -> bool:
        cluster, pod = place
        told = (await cluster.admin(pod, "/certs"))["certificates"]
        return {number(each) for entry in told for each in entry.get("ca_cert", ())} == wanted

    await asyncio.gather(*(until(lambda place=place: trusts(place), every=0.3) for place in proxies))


async def is_certified_by(place: Place, issuer: Intermediate) -> bool:
    """Whether a proxy presents a certificate that an intermediate issued."""
    cluster, pod = place
    ran = await cluster.execute(pod, "python3", "-c", _SHOW_CHAIN, container="istio-proxy")
    leaf, *_ = x509.load_pem_x509_certificates(ran.stdout)
    return leaf.issuer == issuer.certificate.subject and is_signed(leaf, issuer.certificate)


def is_signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key signed a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    return True


async def writes(cluster: MeshCluster, roots: bytes) -> bool:
    """Whether namespaces and webhook configurations have these roots."""
    written = await cluster.client.get(CONFIG_MAPS, ROOT_CONFIG_MAP, namespace="default")
    hooks = [
        hook["clientConfig"]["caBundle"]
        for resource in (MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS)
        for hook in (await cluster.client.get(resource, CONFIGURATIONS[resource]))["webhooks"]
    ]
    return written["data"][ROOT_KEY].encode() == roots and {base64.b64decode(each) for each in hooks} == {
        roots
    }


def serial_of(certificate: x509.Certificate) -> int:
    """Its serial number."""
    return certificate.serial_number


def number(told: dict[str, str]) -> int:
    """The serial number of a certificate that Envoy tells of."""
    return int(told["serial_number"], 16)
