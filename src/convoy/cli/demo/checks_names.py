"""Promises about names and addresses: the ServiceEntry, its subsets, and names without a local Service."""

import copy

import orjson

from convoy.cli.clusters.gateways import SERVICES
from convoy.cli.demo.checks_pages import V1, deployment_of, failure, require_ok, served
from convoy.cli.demo.checks_security import ask_through_gateway
from convoy.cli.demo.evidence import CheckFailedError, counts
from convoy.cli.demo.objects import Object, apply
from convoy.cli.demo.script import CLUSTER1, CLUSTERS, VIP, build_remote_service, find, with_address
from convoy.cli.demo.stage import NAMESPACE, PASSTHROUGH_PORT, Stage, wait_until
from convoy.cli.install.gateways import GATEWAY
from convoy.cli.pods.asking import PodReply, PodRequest
from convoy.cli.pods.forwarding import get_from_pod
from convoy.cli.tls_client import client_context
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import KubeResource

OTHER_VIP, RATINGS_VIP = "127.255.0.3", "240.0.0.4"
GATEWAY_NAME = f"{GATEWAY}.cluster2.convoy.test"
GLOBAL_REVIEWS = "reviews.default.global"
_ADMIN_PORT = 15000
_CALLS = 20
_RULES = KubeResource("networking.istio.io", "v1", "destinationrules")
_VERSIONS = ("v1", "v2", "v3")


async def check_entry(stage: Stage) -> str:
    """Either address of the ServiceEntry works, and so does the gateway's name instead of its address."""
    printed = find(
        with_address(stage.script.remote, stage.gateway_address), "ServiceEntry", "reviews-default"
    )
    seen = [f"{VIP} {await _calls_by_address(stage, VIP)}x"]
    for vip, endpoint in ((OTHER_VIP, stage.gateway_address), (VIP, GATEWAY_NAME)):
        await _use_entry(stage, _changed(printed, vip=vip, address=endpoint))
        by_name = " by the gateway's name" if endpoint == GATEWAY_NAME else ""
        seen.append(f"{vip}{by_name} {await _calls_by_address(stage, vip)}x")
    await _use_entry(stage, printed)
    return f"answered 200 by v2 and v3: {', '.join(seen)}"


def _changed(entry: Object, *, vip: str, address: str) -> Object:
    entry = copy.deepcopy(entry)
    entry["spec"]["addresses"] = [vip]
    entry["spec"]["endpoints"][0]["address"] = address
    return entry


async def _use_entry(stage: Stage, entry: Object) -> None:
    """Apply a variant, and wait until productpage's sidecar has it."""
    await apply(stage.clients[CLUSTER1], entry)
    [vip], [endpoint] = entry["spec"]["addresses"], entry["spec"]["endpoints"]

    async def resolves() -> bool:
        return await stage.resolve(GLOBAL_REVIEWS) == [vip]

    async def calls() -> bool:
        return await _has_endpoint(stage, endpoint["address"])

    await wait_until(resolves, f"{GLOBAL_REVIEWS} does not resolve to {vip}")
    await wait_until(calls, f"productpage's Envoy does not call {endpoint['address']}")


async def _has_endpoint(stage: Stage, host: str) -> bool:
    """Whether productpage's Envoy has this gateway as the endpoint of reviews.default.global."""
    pod = (await stage.productpage()).pod
    path = "/config_dump?resource=dynamic_active_clusters"
    _, body = await get_from_pod(stage.targets[CLUSTER1], pod, _ADMIN_PORT, path)
    clusters = [entry["cluster"] for entry in orjson.loads(body).get("configs", [])]
    wanted = f"outbound|9080||{GLOBAL_REVIEWS}"
    return any(
        cluster["name"] == wanted and f'"{host}"'.encode() in orjson.dumps(cluster.get("load_assignment", {}))
        for cluster in clusters
    )


async def _calls_by_address(stage: Stage, vip: str) -> int:
    request = _to_reviews(vip)

    async def is_answered() -> bool:
        return (await stage.ask(request))[0].status == 200

    try:
        await wait_until(is_answered, "")
    except CheckFailedError:
        [reply] = await stage.ask(request)
        raise CheckFailedError(f"{GLOBAL_REVIEWS} at {vip}: {failure(reply)}") from None
    total = served(await stage.ask(_to_reviews(vip, count=_CALLS)))
    if not set(total) <= {"reviews-v2", "reviews-v3"}:
        raise CheckFailedError(f"{vip} was answered by {counts(total)}")
    return total.total()


def _to_reviews(address: str, *, count: int = 1) -> PodRequest:
    return PodRequest(
        address=address, port=9080, host=f"{GLOBAL_REVIEWS}:9080", path="/reviews/0",
        count=count, connections=2,
    )  # fmt: skip


async def check_subsets(stage: Stage) -> str:
    """The subset in the SNI is mapped to pods by cluster2's own DestinationRule."""
    context, seen = client_context(stage.own_issuer()), []
    for version, stars in (("v2", "black"), ("v3", "red")):
        sni = f"outbound_.9080_.{version}_.{GLOBAL_REVIEWS}"
        reply = await ask_through_gateway(stage, context, sni)
        if reply.status != 200:
            raise CheckFailedError(f"SNI {sni}: {failure(reply)}")
        said = reply.json()
        found = {review["rating"]["color"] for review in said["reviews"] if "rating" in review}
        pod = deployment_of(said["podname"])
        if pod != f"reviews-{version}" or found != {stars}:
            raise CheckFailedError(f"SNI {sni} was served by {pod} with stars {sorted(found)}")
        seen.append(f"{version} -> {pod}, {stars} stars")
    return f"label cluster: cluster2 -> {stage.gateway_address}:{PASSTHROUGH_PORT}; {'; '.join(seen)}"


async def check_absent_versions(stage: Stage) -> str:
    """Both clusters name all versions of reviews; those that run elsewhere disturb nothing."""
    told = []
    for cluster in CLUSTERS:
        rules = await stage.clients[cluster].list(_RULES, Selection(namespace=NAMESPACE))
        named = {subset["name"] for rule in rules.items if rule["metadata"]["name"] == "reviews"
                 for subset in rule["spec"].get("subsets", ())}  # fmt: skip
        missing = sorted(set(_VERSIONS) - named)
        if named and missing:
            raise CheckFailedError(f"{cluster}'s DestinationRule has no subset {', '.join(missing)}")
        running = {pod["metadata"]["labels"]["version"] for pod in await stage.pods(cluster, "app=reviews")}
        told.append(f"{cluster} without pods of {', '.join(sorted(named - running)) or 'none'}")
    replies = await stage.ask(
        PodRequest(address="reviews", port=9080, host="reviews:9080", path="/reviews/0", count=_CALLS)
    )
    total = served(replies)
    if set(total) != {V1}:
        raise CheckFailedError(f"reviews was answered by {counts(total)}")
    return f"{'; '.join(told)}; reviews still answered by {counts(total)}"


async def check_short_names(stage: Stage) -> str:
    """`reviews` is the local Service; `ratings`, which has none, reaches cluster2 without any route rule."""
    local = await stage.clients[CLUSTER1].get(SERVICES, "reviews", namespace=NAMESPACE)
    expanded = await stage.resolve("reviews")
    if expanded != [local["spec"]["clusterIP"]]:
        raise CheckFailedError(f"reviews resolves to {expanded} and not to its own Service")
    entry = build_remote_service("ratings", vip=RATINGS_VIP, address=stage.gateway_address)
    await apply(stage.clients[CLUSTER1], entry)

    async def resolves() -> bool:
        return await stage.resolve("ratings") == [RATINGS_VIP]

    try:
        await wait_until(resolves, "")
    except CheckFailedError:
        found = await stage.resolve("ratings")
        raise CheckFailedError(f"ratings resolves to {found or 'nothing'} in productpage's pod") from None
    reply = await _ask_ratings(stage)
    if "ratings" not in reply.json():
        raise CheckFailedError(f"ratings answered {reply.body[:80]!r}")
    return f"reviews -> {expanded[0]}, its Service; ratings -> {RATINGS_VIP}, answered 200 by cluster2"


async def _ask_ratings(stage: Stage) -> PodReply:
    request = PodRequest(address="ratings", port=9080, host="ratings:9080", path="/ratings/0")
    replies: list[PodReply] = []

    async def is_answered() -> bool:
        replies[:] = await stage.ask(request)
        return replies[0].status == 200

    try:
        await wait_until(is_answered, "")
    except CheckFailedError:
        require_ok(replies[0])
    return replies[0]
