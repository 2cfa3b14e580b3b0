"""Promises about who speaks to whom: mutual TLS from sidecar to sidecar, and who may not enter."""

import asyncio
import hashlib
import secrets
import ssl
from collections import Counter

from cryptography import x509

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.demo.checks_pages import require_ok
from convoy.cli.demo.evidence import CheckFailedError, NotReachedError, counts
from convoy.cli.demo.script import CLUSTER1, CLUSTER2
from convoy.cli.demo.stage import NAMESPACE, PASSTHROUGH_PORT, Stage
from convoy.cli.demo.wire import examine
from convoy.cli.pod_traffic import Reply, Request, ask_once
from convoy.cli.pods.asking import PodRequest
from convoy.cli.tls_client import (
    anonymous_context,
    ask_tls,
    client_context,
    peer_certificate,
    verifying_context,
)
from convoy.config.kube.resources import CONFIG_MAPS

LISTED = "outbound_.9080_._.reviews.default.global"
CALLER = f"spiffe://cluster.local/ns/{NAMESPACE}/sa/default"
_ROOTS = "istio-ca-root-cert"
_CALLS = 20


async def check_mutual_tls(stage: Stage) -> str:
    """Between the clusters there is only TLS under one root, and reviews sees who called."""
    certified = await _check_one_root(stage)
    marker = secrets.token_hex(16)
    async with stage.capturing(CLUSTER2, PASSTHROUGH_PORT) as captured:
        replies = await stage.ask(
            PodRequest(
                address="reviews.default.global", port=9080, host="reviews.default.global:9080",
                path="/reviews/0", headers={"x-request-id": marker}, count=_CALLS, connections=2,
            )
        )  # fmt: skip
    if not captured.segments:
        raise NotReachedError(f"no call of {CLUSTER1} came to port {PASSTHROUGH_PORT} of {CLUSTER2}")
    for reply in replies:
        require_ok(reply)
    peers = Counter(reply.json()["peer"] for reply in replies)
    if set(peers) != {CALLER}:
        raise CheckFailedError(f"reviews saw as its caller {counts(peers)}")
    report = examine(captured.segments, marker.encode())
    if report.tls_bytes != report.total_bytes or report.markers:
        raise CheckFailedError(
            f"{report.tls_bytes} of {report.total_bytes} bytes were TLS, marker seen {report.markers}x"
        )
    wire = f"{report.tls_bytes} of {report.total_bytes} captured bytes are TLS"
    return f"{wire}; caller {counts(peers)}; {certified}"


async def _check_one_root(stage: Stage) -> str:
    """The certificate that reviews in cluster2 shows verifies against what cluster1's proxies trust."""
    trusted = await stage.clients[CLUSTER1].get(CONFIG_MAPS, _ROOTS, namespace=NAMESPACE)
    roots = trusted["data"]["root-cert.pem"]
    sock = await stage.dial_gateway()
    try:
        with sock:
            shown = await asyncio.to_thread(peer_certificate, verifying_context(roots), sock, sni=LISTED)
    except ssl.SSLCertVerificationError as error:
        raise CheckFailedError(
            f"cluster2's certificate is not from cluster1's root: {error.verify_message}"
        ) from None
    except OSError as error:
        raise CheckFailedError(f"no handshake through cluster2's gateway: {error}") from None
    names = x509.load_der_x509_certificate(shown).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    [uri] = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    return f"{uri} answers under root {_fingerprint(roots)}"


async def ask_through_gateway(stage: Stage, context: ssl.SSLContext, sni: str) -> Reply:
    """A request for reviews over TLS to what an SNI names at cluster2's gateway."""
    sock = await stage.dial_gateway()
    return await asyncio.to_thread(ask_tls, context, sock, sni=sni, request=_REVIEWS)


async def check_refusals(stage: Stage) -> str:
    """Plain text, SNIs that are not listed, a foreign root and no certificate: none is answered."""
    own = client_context(stage.own_issuer())
    foreign = client_context(issue_intermediate(new_root(), "elsewhere"))
    attempts = {"plain text": await ask_once(stage.dial_gateway, _REVIEWS)}
    for name, context, sni in (
        ("an SNI nobody lists", own, "outbound_.9080_._.secret.default.global"),
        ("the local form of a name", own, "outbound_.9080_._.reviews.default.svc.cluster.local"),
        ("a foreign certificate", foreign, LISTED),
        ("no certificate", anonymous_context(), LISTED),
    ):
        attempts[name] = await ask_through_gateway(stage, context, sni)
    entered = [f"{name} was answered {reply.status}" for name, reply in attempts.items() if reply.status]
    if entered:
        raise CheckFailedError("; ".join(entered))
    return f"{len(attempts)} of {len(attempts)} turned away: {', '.join(attempts)}"


_REVIEWS = Request("reviews.default.global:9080", "/reviews/0")


def _fingerprint(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()[:16]
