"""The guide of the article's story, typed as it is printed, by bash with a real kubectl."""

import re
import time
import urllib.parse
import urllib.request
from collections import Counter
from http.cookiejar import CookieJar

import pytest
import yaml
from tests.e2e.terminal import ROOT, Terminal, blocks_of

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

BLOCKS = blocks_of("docs/guides/version-routing.md")
BOOKINFO = ROOT / "samples" / "bookinfo"
VIP, OTHER_VIP = "240.0.0.3", "127.255.0.3"
PATIENCE = 60.0
RELOADS = 40  # all of one colour: 1 in 2^39


def index(mark: str) -> int:
    """Which block has this text first."""
    return next(number for number, block in enumerate(BLOCKS) if mark in block)


UP, DEPLOY, PAGE, ADDRESS = index("convoy up"), index("kubectl label"), index("curl -s"), index("GW_ADDR=$(")
ROUTE, RATINGS, DOWN = index("kind: VirtualService"), index("ratings-default"), index("convoy down")


class Browser:
    """Somebody with cookies who looks at the page."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def page(self) -> str:
        with self._opener.open(f"{self._url}/productpage", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def wait_page(self) -> str:
        """Reload until there is a page with reviews: gateways need a moment, and pods some seconds."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if "Reviews served by pod" in (text := self.page()):
                    return text
            except OSError:
                pass
            assert time.monotonic() < deadline, "the page never came"
            time.sleep(0.1)

    def sign_in(self, user: str) -> None:
        form = urllib.parse.urlencode({"username": user, "passwd": "any"}).encode()
        with self._opener.open(f"{self._url}/login", form, timeout=10) as answer:
            assert f'data-user="{user}"' in answer.read().decode()

    def sign_out(self) -> None:
        with self._opener.open(f"{self._url}/logout", timeout=10):
            pass


def stars(page: str) -> str:
    """The colour of a page's stars, and which version served it."""
    [version] = re.findall(r'data-pod="reviews-(v\d)-', page)
    [color] = set(re.findall(r'class="stars (\w+)"', page)) or {"none"}
    return f"{version} {color}"


def in_namespace(namespace: str, block: str) -> str:
    return block.replace("default", namespace)


def check_pages_of_the_routing(url: str) -> None:
    """jason sees both versions of cluster2, and nobody else does."""
    browser = Browser(url)
    assert stars(browser.wait_page()) == "v1 none"
    browser.sign_in("jason")
    seen: Counter[str] = Counter()
    deadline = time.monotonic() + PATIENCE
    while set(seen) != {"v2 black", "v3 red"}:
        # Routes follow a moment after they were applied; whatever else jason sees then is gone for good.
        assert time.monotonic() < deadline, seen
        if (found := stars(browser.wait_page())) == "v1 none":
            seen.clear()
        else:
            seen[found] += 1
    assert {stars(browser.page()) for _ in range(RELOADS)} == {"v2 black", "v3 red"}
    browser.sign_out()
    assert {stars(browser.page()) for _ in range(5)} == {"v1 none"}


def test_the_guide_applies_what_the_samples_have() -> None:
    printed = [yaml_of(block) for block in BLOCKS]
    for part in (
        "multicluster/cluster1.yaml",
        "multicluster/cluster2.yaml",
        "multicluster/reviews-global.yaml",
        "networking/reviews-destination-rule.yaml",
        "networking/reviews-virtual-service.yaml",
    ):
        assert list(yaml.safe_load_all((BOOKINFO / part).read_text())) in printed, part


def yaml_of(block: str) -> list[object]:
    found = re.search(r"<<EOF\n(.*)EOF\n", block, re.DOTALL)
    return list(yaml.safe_load_all(found[1])) if found else []


def test_the_guide_works_as_it_is_printed_and_with_the_other_address(terminal) -> None:
    for block in BLOCKS[UP:DEPLOY]:
        said = terminal.type(block)
    contexts = re.findall(r"^(\W*)(\w+) +\2 +\w+ +default", said, re.MULTILINE)
    assert [(mark.strip(), name) for mark, name in contexts] == [("*", "cluster1"), ("", "cluster2")]
    for block in BLOCKS[DEPLOY:PAGE]:
        terminal.type(block)
    url = terminal.type("convoy ingress cluster1").strip()

    alone = Browser(url)
    assert stars(alone.wait_page()) == "v1 none"
    assert "Reviews served by pod" in terminal.type(BLOCKS[PAGE])
    alone.sign_in("jason")
    assert {stars(alone.page()) for _ in range(5)} == {"v1 none"}

    for block in BLOCKS[ADDRESS:RATINGS]:
        terminal.type(block)
    check_pages_of_the_routing(url)

    [remote] = [block for block in BLOCKS[ADDRESS:ROUTE] if VIP in block]
    terminal.type(remote.replace(VIP, OTHER_VIP))
    wait_resolved(terminal, "reviews.default.global", OTHER_VIP)
    check_pages_of_the_routing(url)

    terminal.type(BLOCKS[RATINGS])
    wait_resolved(terminal, "ratings", "240.0.0.4")
    assert '"ratings"' in terminal.type(BLOCKS[RATINGS + 1])
    for block in BLOCKS[RATINGS + 2 : DOWN]:
        said = terminal.type(block)
    assert "VirtualService default/reviews http[0]" in said
    terminal.type(BLOCKS[DOWN])
    assert "stopped" in terminal.type("convoy status")


def wait_resolved(terminal: Terminal, name: str, address: str) -> None:
    """Until the resolver of productpage's pod gives this address alone."""
    command = (
        f"kubectl exec --context=$CTX_CLUSTER1 deploy/productpage-v1 -c productpage -- getent ahostsv4 {name}"
    )
    deadline = time.monotonic() + PATIENCE
    while {line.split()[0] for line in terminal.run(command).stdout.splitlines()} != {address}:
        assert time.monotonic() < deadline, f"{name} never became {address}"
        time.sleep(0.1)


def test_the_guide_works_in_another_namespace(terminal) -> None:
    for block in BLOCKS[UP:DEPLOY]:
        terminal.type(block)
    for cluster in ("cluster1", "cluster2"):
        terminal.type(
            f"kubectl create namespace shop --context={cluster}\n"
            f"kubectl config set-context {cluster} --namespace=shop"
        )
    for block in [*BLOCKS[DEPLOY:PAGE], *BLOCKS[ADDRESS:RATINGS]]:
        terminal.type(in_namespace("shop", block))
    check_pages_of_the_routing(terminal.type("convoy ingress cluster1").strip())
    pods = terminal.type("kubectl get pods --context=$CTX_CLUSTER1 -n default -o name")
    assert pods == ""
