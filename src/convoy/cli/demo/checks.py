"""The promises of version routing across two clusters, each verified by requests that really travel.

Every check takes a running mesh and returns its evidence as one line, or raises CheckFailedError with what it
saw instead. Checks stand on others where a fault in those would make them fail as well.
"""

import hashlib
import re
import secrets
import ssl
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cryptography import x509

from convoy.cli.demo.evidence import Check, CheckFailedError
from convoy.cli.demo.mesh import DemoMesh
from convoy.cli.demo.refusals import check_refusals
from convoy.cli.demo.statistics import binomial_p_value, smallest_sample
from convoy.cli.demo.wire import examine
from convoy.cli.pod_traffic import Reply, Request, ask_many

SIGNIFICANCE = 1e-6
POWER = 0.999
PRODUCTPAGE_ID = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
REVIEWS = "reviews:9080"
GLOBAL_REVIEWS = "reviews.default.global:9080"


async def check_ingress(mesh: DemoMesh) -> str:
    """The page comes through cluster1's ingress gateway, reviews included."""
    replies = [await mesh.ask_ingress("/productpage") for _ in range(3)]
    for reply in replies:
        _require_ok(reply)
    page = replies[-1].body.decode()
    if "reviews-v1" not in page or "cluster1" not in page:
        raise CheckFailedError("the page names neither pod reviews-v1 nor cluster1")
    return f"{len(replies)} pages of 3 through {mesh.ingress_url}, reviews by reviews-v1 in cluster1"


async def check_everybody(mesh: DemoMesh) -> str:
    """Without the header, and with other users, only v1 answers."""
    total: Counter[str] = Counter()
    for headers in ({}, {"end-user": "mary"}, {"end-user": "jasonX"}):
        total += await _served_by(mesh, headers, 60)
    if set(total) != {"reviews-v1"}:
        raise CheckFailedError(f"answered by {_counts(total)}")
    return f"{_counts(total)}; no user, mary, jasonX"


async def check_one_root(mesh: DemoMesh) -> str:
    """The certificate that reviews in cluster2 shows verifies against cluster1's root."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=mesh.roots_pem("cluster1"))
    context.set_alpn_protocols(["istio"])
    try:
        certificate = await mesh.peer_certificate(context, "outbound_.9080_._.reviews.default.global")
    except ssl.SSLCertVerificationError as error:
        raise CheckFailedError(
            f"cluster2's certificate is not from cluster1's root: {error.verify_message}"
        ) from None
    except OSError as error:
        raise CheckFailedError(f"no handshake through cluster2's gateway: {error}") from None
    names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    [uri] = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    return f"{uri} under root {_fingerprint(mesh.roots_pem('cluster1'))}"


async def check_mutual_tls(mesh: DemoMesh) -> str:
    """Between the clusters there is only TLS, and reviews sees who called."""
    marker = secrets.token_hex(16)
    request = Request(GLOBAL_REVIEWS, "/reviews/0", {"x-request-id": marker})
    async with mesh.capturing("cluster2", 15443) as captured:
        replies = await ask_many(mesh.dial_from("productpage-v1", GLOBAL_REVIEWS), request, 20, connections=2)
    for reply in replies:
        _require_ok(reply)
    peers = Counter(reply.json()["peer"] for reply in replies)
    if set(peers) != {PRODUCTPAGE_ID}:
        raise CheckFailedError(f"reviews saw as its caller {_counts(peers)}")
    report = examine(captured.segments, marker.encode())
    if not report.total_bytes or report.tls_bytes != report.total_bytes or report.markers:
        raise CheckFailedError(
            f"{report.tls_bytes} of {report.total_bytes} bytes were TLS, marker seen {report.markers}x"
        )
    wire = f"{report.tls_bytes} of {report.total_bytes} captured bytes are TLS"
    return f"peer {PRODUCTPAGE_ID} {len(replies)}x; {wire}"


async def check_subsets(mesh: DemoMesh) -> str:
    """The subset in the SNI is mapped to pods by cluster2's own DestinationRule."""
    seen = []
    for version, stars in (("v2", "black"), ("v3", "red")):
        sni = f"outbound_.9080_.{version}_.reviews.default.global"
        reply = await mesh.ask_through_gateway(mesh.own_context(), sni, Request(GLOBAL_REVIEWS, "/reviews/0"))
        if reply.status != 200:
            raise CheckFailedError(f"SNI {sni}: {_failure(reply)}")
        pod, star = _served(reply), _stars(reply.json())
        if pod != f"reviews-{version}" or star != {stars}:
            raise CheckFailedError(f"SNI {sni} was served by {pod} with stars {sorted(star)}")
        seen.append(f"{version} -> {pod}, {stars} stars")
    return "; ".join(seen)


async def check_routing(mesh: DemoMesh) -> str:
    """jason is sent half and half to v2 and v3 in cluster2, never to v1."""
    count = max(mesh.sample, smallest_sample(0.5, 0.6, significance=SIGNIFICANCE, power=POWER))
    total = await _served_by(mesh, {"end-user": "jason"}, count)
    if set(total) != {"reviews-v2", "reviews-v3"}:
        raise CheckFailedError(f"answered by {_counts(total)}")
    p_value = binomial_p_value(total["reviews-v2"], total.total(), 0.5)
    if p_value < SIGNIFICANCE:
        raise CheckFailedError(f"{_counts(total)}: not half and half (p = {p_value:.1e})")
    return f"{_counts(total)} (p = {p_value:.2f}; 60/40 is rejected at p < 1e-6)"


async def check_page(mesh: DemoMesh) -> str:
    """Logged in as jason the page shows black and red stars; logged out, none."""
    cookie = await mesh.login("jason")
    seen: Counter[str] = Counter()
    for _ in range(40):  # all of one colour: 1 in 2^39
        seen.update(_page_stars(await mesh.ask_ingress("/productpage", {"Cookie": cookie})) or {"none"})
        if {"black", "red"} <= set(seen):
            break
    if set(seen) != {"black", "red"}:
        raise CheckFailedError(f"jason's pages showed stars {_counts(seen)}")
    after = _page_stars(await mesh.ask_ingress("/productpage"))
    if after:
        raise CheckFailedError(f"without login the page showed stars {sorted(after)}")
    return f"jason's pages: {_counts(seen)}; logged out: no stars"


async def check_addresses(mesh: DemoMesh) -> str:
    """Either address of the ServiceEntry works, and so does the gateway's name instead of its address."""
    seen = []
    for vip, variant in (
        ("240.0.0.3", ""),
        ("127.255.0.3", "reviews-global-127-255-0-3.yaml"),
        ("240.0.0.3", "reviews-global-by-name.yaml"),
    ):
        await mesh.use_service_entry(variant)
        total = await _global_by_address(mesh, vip)
        seen.append(f"{vip} {'by gateway name ' if 'by-name' in variant else ''}{total}x")
    await mesh.use_service_entry("")
    return "; ".join(seen)


async def check_short_names(mesh: DemoMesh) -> str:
    """ratings has no Service in cluster1: `http://ratings:9080` reaches cluster2 without any route rule."""
    await mesh.add_global_service("ratings", "240.0.0.4")
    addresses = await mesh.resolve("productpage-v1", "ratings")
    if addresses != ["240.0.0.4"]:
        raise CheckFailedError(f"ratings resolves to {addresses or 'nothing'} in productpage's pod")
    reply = await mesh.ask_until_ok("productpage-v1", "240.0.0.4:9080", Request("ratings:9080", "/ratings/0"))
    if "ratings" not in reply.json():
        raise CheckFailedError(f"ratings answered {reply.body[:80]!r}")
    return "ratings -> 240.0.0.4 by DNS; Host ratings:9080 answered 200 by cluster2"


async def _global_by_address(mesh: DemoMesh, vip: str) -> int:
    request = Request(GLOBAL_REVIEWS, "/reviews/0")
    await mesh.ask_until_ok("productpage-v1", f"{vip}:9080", request)
    replies = await ask_many(mesh.dial_from("productpage-v1", f"{vip}:9080"), request, 20, connections=2)
    for reply in replies:
        _require_ok(reply)
    served = Counter(_served(reply) for reply in replies)
    if not set(served) <= {"reviews-v2", "reviews-v3"}:
        raise CheckFailedError(f"{vip} was answered by {_counts(served)}")
    return len(replies)


async def _served_by(mesh: DemoMesh, headers: dict[str, str], count: int) -> Counter[str]:
    request = Request(REVIEWS, "/reviews/0", headers)
    replies = await ask_many(mesh.dial_from("productpage-v1", REVIEWS), request, count)
    for reply in replies:
        _require_ok(reply)
    if len(replies) != count:
        raise CheckFailedError(f"only {len(replies)} of {count} requests could be made")
    return Counter(_served(reply) for reply in replies)


def _require_ok(reply: Reply) -> None:
    if reply.status != 200:
        raise CheckFailedError(_failure(reply))


def _failure(reply: Reply) -> str:
    text = reply.body[:100].decode(errors="replace").strip()
    return f"answered {reply.status}: {text}" if reply.status else f"no answer: {text}"


def _served(reply: Reply) -> str:
    return str(reply.json()["podname"])


def _stars(reviews: Any) -> set[str]:
    return {review["rating"]["color"] for review in reviews["reviews"] if "rating" in review}


def _page_stars(reply: Reply) -> set[str]:
    _require_ok(reply)
    return set(re.findall(r'class="stars (black|red)"', reply.body.decode()))


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name or 'nobody'} {count}x" for name, count in sorted(counter.items()))


def _fingerprint(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()[:16]


CHECKS: Iterable[Check[DemoMesh]] = (
    Check("ingress", "cluster1's ingress gateway serves the page", check_ingress),
    Check("everybody", "everybody gets v1 of reviews, in cluster1", check_everybody, needs=("ingress",)),
    Check("one-root", "both clusters' certificates lead to one root", check_one_root),
    Check(
        "mutual-tls",
        "cluster1 calls cluster2 over mutual TLS, sidecar to sidecar",
        check_mutual_tls,
        needs=("one-root",),
    ),
    Check("subsets", "cluster2 maps the subset in the SNI to its pods", check_subsets, needs=("one-root",)),
    Check(
        "routing",
        "jason gets v2 and v3, half and half, and never v1",
        check_routing,
        needs=("mutual-tls", "subsets"),
    ),
    Check(
        "page",
        "the page shows jason black and red stars, others none",
        check_page,
        needs=("routing", "ingress"),
    ),
    Check(
        "addresses",
        "either VIP works, and the gateway by name as by address",
        check_addresses,
        needs=("mutual-tls",),
    ),
    Check(
        "short-name",
        "a name without a local Service reaches the other cluster",
        check_short_names,
        needs=("mutual-tls",),
    ),
    Check("refusals", "who may not enter at 15443 reaches no application", check_refusals),
)
