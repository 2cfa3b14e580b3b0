"""What a second terminal sees of a demo that runs: tables, JSON, refusals in one sentence."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import CONVOY, environment
from tests.e2e.kept import kept_demo
from tests.e2e.leftovers import look, wait_nothing_new

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

PROXIES = (
    ("cluster1", "productpage-v1.default"),
    ("cluster1", "istio-ingressgateway.istio-system"),
    ("cluster2", "reviews-v2.default"),
    ("cluster2", "istio-ingressgateway.istio-system"),
)
KINDS = ("listener", "route", "cluster", "endpoint", "secret")


@pytest.fixture(scope="module")
def running_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The CONVOY_HOME of a demo that runs with `--keep`."""
    home = tmp_path_factory.mktemp("a home")
    before = look()
    with kept_demo(home):
        yield home
    assert wait_nothing_new(before, str(home)) == []


def convoy(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CONVOY, *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_proxy_is_listed_with_its_state(running_home) -> None:
    done = convoy(running_home, "proxy-status")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split()[:6] == ["NAME", "CLUSTER", "CDS", "EDS", "LDS", "RDS"]
    named = {(row.split()[1], row.split()[0]) for row in rows}
    assert set(PROXIES) <= named
    assert len(rows) == 8
    assert {row["cluster"] for row in json.loads(convoy(running_home, "proxy-status", "-o", "json").stdout)}


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
        (("nope",), "There is no pod nope in any cluster. Pods there: details-v1.default, "),
        (("ratings-v1", "--cluster", "cluster1"), "There is no pod ratings-v1 in cluster cluster1."),
        (("ratings-v1", "--cluster", "nope"), "There is no cluster nope: choose one of cluster1, cluster2."),
        (("istiod", "--cluster", "cluster1"), "has no Envoy that answers"),
    ],
)
def test_a_pod_that_is_not_one_proxy_is_refused_in_a_sentence(arguments, sentence, running_home) -> None:
    done = convoy(running_home, "proxy-config", "route", *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_second_demo_is_refused_and_edits_of_the_first_stay(running_home) -> None:
    edited = running_home / "demo" / "clusters" / "cluster1" / "edited.yaml"
    edited.write_text("# mine\n")
    done = convoy(running_home, "demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("convoy: A demo already runs from ")
    assert edited.read_text() == "# mine\n"


def test_a_broken_edit_is_shown_and_costs_nothing_else(running_home) -> None:
    bad = running_home / "demo" / "clusters" / "cluster1" / "bad.yaml"
    bad.write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: {hosts: 3}\n"
    )
    expected = "error in cluster1: bad.yaml:4, VirtualService default/x, spec.hosts: 3 is a number"
    for _ in range(20):
        shown = convoy(running_home, "proxy-status").stdout
        if expected in shown:
            break
    assert expected in shown
    assert shown.count("SYNCED") >= 31
    bad.unlink()


def test_the_end_of_the_clusters_ends_a_kept_demo_with_a_sentence(home) -> None:
    with kept_demo(home) as demo:
        keeper = next(pid for pid, name in _children(demo.pid) if name == "convoy-keeper")
        os.kill(keeper, signal.SIGKILL)
        _, said = demo.communicate(timeout=30)
    assert demo.returncode == 1
    assert "The running clusters are gone" in said.decode()
    assert "Traceback" not in said.decode()


def _children(pid: int) -> list[tuple[int, str]]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [(child, Path(f"/proc/{child}/comm").read_text().strip()) for child in found]
