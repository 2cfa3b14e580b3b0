"""Promises that are seen on the page and in who answers it: the ingress gateway, and routing by user."""

import re
from collections import Counter
from collections.abc import Mapping

from convoy.cli.demo.evidence import CheckFailedError, counts
from convoy.cli.demo.stage import Stage, wait_until
from convoy.cli.demo.statistics import binomial_p_value, smallest_sample
from convoy.cli.pod_traffic import Reply
from convoy.cli.pods.asking import PodReply, PodRequest

SIGNIFICANCE = 1e-6
POWER = 0.999
PAGE = "/productpage"
V1, V2, V3 = "reviews-v1", "reviews-v2", "reviews-v3"
_PAGES = 40  # all of one colour: 1 in 2^39
_CONNECTIONS = 8


async def check_ingress(stage: Stage) -> str:
    """The page comes through cluster1's ingress gateway, without ratings for whoever asks.

    To be tried while cluster2 is not configured: afterwards jason would see stars.
    """

    async def is_served() -> bool:
        return (await stage.ask_page(PAGE)).status == 200

    try:
        await wait_until(is_served, "")
    except CheckFailedError:
        require_ok(await stage.ask_page(PAGE))
    pages = [await stage.ask_page(PAGE) for _ in range(3)]
    pages.append(await stage.ask_page(PAGE, {"Cookie": await stage.login("jason")}))
    for page in pages:
        if page_stars(page):
            raise CheckFailedError(
                f"the page showed stars {sorted(page_stars(page))} before the clusters met"
            )
        if V1 not in page.body.decode():
            raise CheckFailedError(f"the page does not name a pod {V1}")
    return f"{len(pages)} pages of {len(pages)} at {stage.ingress_url}{PAGE}: reviews of {V1}, no ratings"


async def check_routing(stage: Stage) -> str:
    """jason is sent half and half to v2 and v3, everybody else to v1, and the page shows it."""
    split = await _check_split(stage)
    others = await _check_everybody(stage)
    return f"{split}; {others}; {await _check_pages(stage)}"


async def _check_split(stage: Stage) -> str:
    count = max(stage.sample, smallest_sample(0.5, 0.6, significance=SIGNIFICANCE, power=POWER))
    total = await _served_by(stage, {"end-user": "jason"}, count)
    if set(total) != {V2, V3}:
        raise CheckFailedError(f"jason was answered by {counts(total)}")
    p_value = binomial_p_value(total[V2], total.total(), 0.5)
    if p_value < SIGNIFICANCE:
        raise CheckFailedError(f"jason: {counts(total)}: not half and half (p = {p_value:.1e})")
    return f"jason: {counts(total)} (p = {p_value:.2f}; 60/40 is rejected at p < 1e-6)"


async def _check_everybody(stage: Stage) -> str:
    total: Counter[str] = Counter()
    for headers in ({}, {"end-user": "mary"}, {"end-user": "jasonX"}):
        total += await _served_by(stage, headers, 60)
    if set(total) != {V1}:
        raise CheckFailedError(f"others were answered by {counts(total)}")
    return f"nobody, mary, jasonX: {counts(total)}"


async def _check_pages(stage: Stage) -> str:
    cookie = await stage.login("jason")
    seen: Counter[str] = Counter()
    for _ in range(_PAGES):
        seen.update(page_stars(await stage.ask_page(PAGE, {"Cookie": cookie})) or {"none"})
        if {"black", "red"} <= set(seen):
            break
    if set(seen) != {"black", "red"}:
        raise CheckFailedError(f"jason's pages showed stars {counts(seen)}")
    after = page_stars(await stage.ask_page(PAGE))
    if after:
        raise CheckFailedError(f"without login the page showed stars {sorted(after)}")
    return f"his pages: {counts(seen)}; logged out: no stars"


async def _served_by(stage: Stage, headers: Mapping[str, str], count: int) -> Counter[str]:
    replies = await stage.ask(
        PodRequest(
            address="reviews", port=9080, host="reviews:9080", path="/reviews/0",
            headers=headers, count=count, connections=_CONNECTIONS,
        )
    )  # fmt: skip
    return served(replies)


def served(replies: list[PodReply]) -> Counter[str]:
    """Which Deployments answered, and how often; CheckFailedError for an answer that is not 200."""
    for reply in replies:
        require_ok(reply)
    return Counter(deployment_of(reply.json()["podname"]) for reply in replies)


def deployment_of(pod: str) -> str:
    """`reviews-v2` of `reviews-v2-htvrbn5hhj-66gc8`."""
    return pod.rsplit("-", 2)[0]


def require_ok(reply: Reply | PodReply) -> None:
    """CheckFailedError with what came instead of 200."""
    if reply.status != 200:
        raise CheckFailedError(failure(reply))


def failure(reply: Reply | PodReply) -> str:
    """How a request failed, in words."""
    body = reply.body if isinstance(reply.body, str) else reply.body.decode(errors="replace")
    text = body[:100].strip()
    return f"answered {reply.status}: {text}" if reply.status else f"no answer: {text}"


def page_stars(page: Reply) -> set[str]:
    """The colours of the stars on a page; CheckFailedError when it is none."""
    require_ok(page)
    return set(re.findall(r'class="stars (black|red)"', page.body.decode()))
