"""Names as applications see them, and hosts as requests say them, while services come and go."""

import json
from typing import Any

import pytest
from tests.e2e.observing import ObservedMesh, becomes
from tests.e2e.playground import HTTP, MARKS, service_entry

from convoy.cli.pod_traffic import Request, ask_once

pytestmark = MARKS

CALLER = "productpage-v1.default"
FILE = "test-names.yaml"
FAR_SPELLINGS = (
    "far",
    "far.default",
    "far.default.svc",
    "far.default.svc.cluster.local",
    "far.default.global",
)

_ASK = """
import dns.flags, dns.message, dns.query, json, sys
server = next(line.split()[1] for line in open('/etc/resolv.conf') if line.startswith('nameserver'))
found = {}
for name in sys.argv[1:]:
    for kind in ('A', 'AAAA'):
        for ask in (dns.query.udp, dns.query.tcp):
            reply = ask(dns.message.make_query(name, kind), server, timeout=10)
            records = sorted(str(each) for set_ in reply.answer for each in set_)
            found.setdefault(f'{name} {kind}', []).append([reply.rcode(), records])
print(json.dumps(found))
"""
NOERROR, NXDOMAIN = 0, 3


async def ask_dns(mesh: ObservedMesh, *names: str, source: str = CALLER) -> dict[str, Any]:
    """Code and records by question, over UDP and over TCP."""
    pod, _, namespace = source.partition(".")
    done = await mesh.execute("cluster1", namespace, pod, ["python3", "-c", _ASK, *names])
    assert done.rc == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def served_by(mesh: ObservedMesh, host: str, *, header: str = "", port: int = HTTP) -> object:
    reply = await ask_once(mesh.dial_pod(CALLER, host, port), Request(header or f"{host}:{port}"))
    return reply.json()["pod"] if reply.status == 200 else reply.status


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("echo.default.svc.cluster.local", "198.18.129.31"),
        ("ECHO.Default.SVC.Cluster.Local", "198.18.129.31"),
        ("outsider.plain.svc.cluster.local", "198.18.129.41"),
        ("echo-each.default.svc.cluster.local", "198.18.1.31"),
        ("reviews.default.global", "240.0.0.3"),
        ("istio-ingressgateway.cluster2.convoy.test", "198.19.0.12"),
    ],
)
async def test_a_known_name_has_an_a_and_an_empty_aaaa(
    playground: ObservedMesh, name: str, address: str
) -> None:
    found = await ask_dns(playground, name)
    assert found[f"{name} A"] == [[NOERROR, [address]]] * 2
    assert found[f"{name} AAAA"] == [[NOERROR, []]] * 2


async def test_an_unknown_name_does_not_exist(playground: ObservedMesh) -> None:
    names = (
        "nobody.default.svc.cluster.local",
        "nobody.default.global",
        "echo.plain.svc.cluster.local",
        "echo.default.global",
        "nobody.example.test",
        "global",
    )
    found = await ask_dns(playground, *names)
    assert found == {f"{name} {kind}": [[NXDOMAIN, []]] * 2 for name in names for kind in ("A", "AAAA")}


@pytest.mark.parametrize("host", FAR_SPELLINGS)
async def test_every_spelling_leads_to_the_other_cluster(playground: ObservedMesh, host: str) -> None:
    assert await served_by(playground, host) == "far"
    assert await served_by(playground, "far.default.global", header=host) == "far"


async def test_names_follow_their_service_entry(playground: ObservedMesh) -> None:
    name = "inner.other.svc.cluster.local"

    async def addresses() -> object:
        return (await ask_dns(playground, name))[f"{name} A"][0]

    written = (playground.folder("cluster1") / "playground.yaml").read_text()
    await becomes([NOERROR, ["240.0.0.43"]], addresses)
    moved = written.replace(
        service_entry("inner", "other", ("240.0.0.43",)),
        service_entry("inner", "other", ("127.255.0.43",)).replace(
            "{name: inner-other", "{name: inner-moved"
        ),
    )
    assert moved != written
    await playground.change("cluster1", "playground.yaml", moved)
    try:
        await becomes([NOERROR, ["127.255.0.43"]], addresses)
        await becomes("inner", lambda: served_by(playground, "inner.other"))
        removed = written.replace(service_entry("inner", "other", ("240.0.0.43",)), "")
        await playground.change("cluster1", "playground.yaml", removed)
        await becomes([NXDOMAIN, []], addresses)
    finally:
        await playground.change("cluster1", "playground.yaml", written)
    await becomes([NOERROR, ["240.0.0.43"]], addresses)
    await becomes("inner", lambda: served_by(playground, "inner.other"))


async def test_a_local_service_takes_the_short_names_back(playground: ObservedMesh) -> None:
    local = """\
apiVersion: v1
kind: Service
metadata: {name: far, namespace: default}
spec:
  clusterIP: 198.18.129.77
  selector: {app: echo}
  ports: [{name: http, port: 8000}]
"""
    short = FAR_SPELLINGS[:-1]

    async def answers() -> object:
        return [await served_by(playground, host) for host in FAR_SPELLINGS]

    async def by_header() -> object:
        dialled = "echo.default.svc.cluster.local"
        return {await served_by(playground, dialled, header=f"{host}:8000") for host in short}

    await playground.change("cluster1", FILE, local)
    try:
        await becomes(["echo"] * len(short) + ["far"], answers)
        await becomes({"echo"}, by_header)
        full = "far.default.svc.cluster.local"
        assert (await ask_dns(playground, full))[f"{full} A"][0] == [NOERROR, ["198.18.129.77"]]
    finally:
        await playground.change("cluster1", FILE, None)
    await becomes(["far"] * len(FAR_SPELLINGS), answers)
    await becomes({"far"}, by_header)


async def test_a_service_entry_without_an_address_gets_one_and_keeps_it(playground: ObservedMesh) -> None:
    entry = service_entry("inner", "other", ()).replace("inner.other.global", "found.example.test")
    entry = entry.replace("name: inner-other", "name: found").replace("  addresses: []\n", "")
    entry = entry.replace("MESH_INTERNAL", "MESH_EXTERNAL").replace("198.19.0.12", "198.18.1.41")
    entry = entry.replace(", ports: {http: 15443, web: 15443, lines: 15443, greeter: 15443}", "")
    name = "found.example.test"

    async def address() -> str:
        ((code, records), _) = (await ask_dns(playground, name))[f"{name} A"]
        return records[0] if code == NOERROR else ""

    await playground.change("cluster1", FILE, entry)
    try:
        await becomes("outsider", lambda: served_by(playground, name))
        first = await address()
        assert first.startswith("240.240.")
        other = entry.replace("found", "another")
        await playground.change("cluster1", FILE, f"{entry}---\n{other}")
        await becomes("outsider", lambda: served_by(playground, "another.example.test"))
        assert await address() == first
    finally:
        await playground.change("cluster1", FILE, None)
