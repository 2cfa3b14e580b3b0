"""A demo that was played, and what a second terminal sees of its clusters: tables, JSON, refusals."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.leftovers import Machine, look, wait_nothing_new, whats_new
from tests.e2e.played import convoy, played_demo
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

PROXIES = (
    ("cluster1", "productpage-v1.default"),
    ("cluster1", "istio-ingressgateway.istio-system"),
    ("cluster2", "reviews-v2.default"),
    ("cluster2", "istio-ingressgateway.istio-system"),
)
KINDS = ("listener", "route", "cluster", "endpoint", "secret")
DANGLING = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: dangling}
spec:
  hosts: [details]
  http: [{route: [{destination: {host: details, subset: nope}}]}]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CONVOY_HOME of all tests of this module."""
    return tmp_path_factory.mktemp("a home")


@pytest.fixture(scope="module")
def before() -> Machine:
    """What there was before a demo was played."""
    return look()


@pytest.fixture(scope="module")
def played(home: Path, before: Machine) -> Iterator[subprocess.CompletedProcess[str]]:
    """What a demo said that is left running."""
    with played_demo(home, "-o", "json") as done:
        yield done
    assert wait_nothing_new(before, home) == []


@pytest.fixture(scope="module")
def running_home(home: Path, played: subprocess.CompletedProcess[str]) -> Path:
    """The CONVOY_HOME of a demo that was played."""
    return home


def test_every_promise_holds_with_evidence(played) -> None:
    rows = json.loads(played.stdout)
    assert [row["number"] for row in rows] == list(range(1, 13))
    assert [row["verdict"] for row in rows] == ["held"] * 12, rows
    assert all(row["evidence"] for row in rows)


def test_the_clusters_go_on_and_the_page_is_where_the_demo_says(running_home, played, before) -> None:
    running = whats_new(before, running_home)
    assert {kind for kind, found in running.items() if found} == {
        "processes",
        "sockets",
        "network_namespaces",
    }
    url = convoy(running_home, "ingress").stdout.strip()
    assert f"{url}/productpage" in played.stderr
    with urllib.request.urlopen(f"{url}/productpage", timeout=10) as page:
        assert page.status == 200
    states = json.loads(convoy(running_home, "status", "-o", "json").stdout)
    assert [(row["name"], row["state"]) for row in states["clusters"]] == [
        ("cluster1", "running"),
        ("cluster2", "running"),
    ]


def test_every_proxy_is_listed_with_its_state(running_home) -> None:
    done = convoy(running_home, "proxy-status")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split()[:6] == ["NAME", "CLUSTER", "CDS", "EDS", "LDS", "RDS"]
    named = {(row.split()[1], deployment_of(row.split()[0])) for row in rows}
    assert set(PROXIES) <= named
    assert len(rows) == 8
    assert {row["cluster"] for row in json.loads(convoy(running_home, "proxy-status", "-o", "json").stdout)}


def deployment_of(proxy: str) -> str:
    """`reviews-v2.default` of `reviews-v2-htvrbn5hhj-66gc8.default`."""
    name, _, namespace = proxy.partition(".")
    return f"{name.rsplit('-', 2)[0]}.{namespace}"


@pytest.mark.parametrize(("cluster", "pod"), PROXIES)
def test_all_of_a_proxy_is_shown_and_no_private_key(cluster, pod, running_home) -> None:
    shown = convoy(running_home, "proxy-config", "all", pod, "--cluster", cluster)
    plain = convoy(running_home, "proxy-config", "all", pod, "--cluster", cluster, "-o", "json")
    assert (shown.returncode, plain.returncode) == (0, 0), shown.stderr + plain.stderr
    found = json.loads(plain.stdout)
    assert set(found) == set(KINDS)
    assert all(found[kind] for kind in KINDS if (kind, cluster) != ("route", "cluster2") or "reviews" in pod)
    assert [line[:-1] for line in shown.stdout.splitlines() if line.endswith("s") and " " not in line] == [
        *KINDS
    ]
    assert "spiffe://cluster.local/ns/" in shown.stdout
    assert "PRIVATE KEY" not in shown.stdout + plain.stdout
    assert "[redacted]" in plain.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("istio-ingressgateway",), "say --cluster cluster1 or --cluster cluster2."),
        (("nope",), "There is no pod nope in any cluster. Pods there: details-v1-"),
        (("ratings-v1", "--cluster", "cluster1"), "There is no pod ratings-v1 in cluster cluster1."),
        (("ratings-v1", "--cluster", "nope"), "There is no cluster nope: choose one of cluster1, cluster2."),
        (("istiod", "--cluster", "cluster1"), "has no Envoy that answers"),
    ],
)
def test_a_pod_that_is_not_one_proxy_is_refused_in_a_sentence(arguments, sentence, running_home) -> None:
    refused(convoy(running_home, "proxy-config", "route", *arguments), sentence)


def test_a_cluster_that_does_not_run_has_no_url(running_home) -> None:
    refused(convoy(running_home, "ingress", "nope"), "There is no cluster nope: choose one of cluster1, ")


def refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_rule_that_names_what_is_not_there_is_shown_and_costs_nothing_else(running_home, tmp_path) -> None:
    terminal = Terminal(tmp_path)
    terminal.environ["CONVOY_HOME"] = str(running_home)
    terminal.type("export KUBECONFIG=$(convoy kubeconfig)")
    terminal.type(f"kubectl apply --context=cluster1 -f - <<EOF\n{DANGLING}EOF")
    expected = (
        'in cluster1: VirtualService default/dangling, spec.http[0].route[0].destination.subset: "nope"'
    )
    shown = ""
    for _ in range(20):
        shown = terminal.type("convoy proxy-status")
        if expected in shown:
            break
    assert expected in shown
    assert shown.count("SYNCED") >= 31
    terminal.type("kubectl delete --context=cluster1 virtualservice dangling")
