"""The name table and the answers from it."""

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest
from tests.cluster.manifests import pod, service

from convoy.api.kube.core import Pod, Service
from convoy.cluster.dns.answers import answer
from convoy.cluster.dns.tables import NameTable, build_name_table
from convoy.cluster.network.services import PodEndpoint
from convoy.cluster.objects import parse_manifest

MANY = tuple(f"198.18.1.{number}" for number in range(1, 100))
TABLE = NameTable(
    {
        "web.default.svc.cluster.local": ("198.18.101.1",),
        "many.default.svc.cluster.local": MANY,
        "none.test": (),
    },
    {"alias.default.svc.cluster.local": "web.default.svc.cluster.local"},
)


def _ask(name: str, kind: str = "A", *, over_udp: bool = True, **options: Any) -> dns.message.Message:
    response = answer(dns.message.make_query(name, kind, **options).to_wire(), TABLE, over_udp=over_udp)
    assert response is not None
    return dns.message.from_wire(response)


def _addresses(message: dns.message.Message) -> list[str]:
    return [record.to_text() for found in message.answer for record in found]


def _service(manifest: dict[str, object]) -> Service:
    parsed = parse_manifest(manifest)
    assert isinstance(parsed, Service)
    return parsed


def test_an_address_is_answered_whatever_the_case() -> None:
    message = _ask("Web.Default.SVC.cluster.local")
    assert _addresses(message) == ["198.18.101.1"]
    assert message.flags & dns.flags.AA
    assert message.answer[0].ttl <= 5


@pytest.mark.parametrize("kind", ["AAAA", "MX", "SRV"])
def test_other_types_of_a_known_name_are_empty_and_no_error(kind: str) -> None:
    message = _ask("web.default.svc.cluster.local", kind)
    assert (message.rcode(), message.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize("name", ["nobody.default.svc.cluster.local", "x.east.convoy.test", "example.com"])
def test_an_unknown_name_does_not_exist(name: str) -> None:
    assert _ask(name).rcode() == dns.rcode.NXDOMAIN


def test_a_name_without_addresses_exists() -> None:
    assert _ask("none.test").rcode() == dns.rcode.NOERROR


def test_an_alias_is_followed() -> None:
    assert _addresses(_ask("alias.default.svc.cluster.local")) == [
        "web.default.svc.cluster.local.",
        "198.18.101.1",
    ]


def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp() -> None:
    cut = _ask("many.default.svc.cluster.local")
    assert cut.flags & dns.flags.TC
    assert _addresses(cut) == []
    assert len(_addresses(_ask("many.default.svc.cluster.local", over_udp=False))) == len(MANY)
    assert len(_addresses(_ask("many.default.svc.cluster.local", use_edns=0, payload=4096))) == len(MANY)


@pytest.mark.parametrize("junk", [b"", b"\x00" * 5, b"\xff" * 40])
def test_junk_gets_no_answer(junk: bytes) -> None:
    assert answer(junk, TABLE, over_udp=True) is None


def test_an_answer_gets_no_answer() -> None:
    response = dns.message.make_response(dns.message.make_query("web.test", "A"))
    assert answer(response.to_wire(), TABLE, over_udp=True) is None


def test_services_become_names() -> None:
    headless = _service(service("direct", clusterIP="None", selector={"app": "web"}))
    endpoints = []
    for number, ready in ((2, True), (3, False)):
        member = parse_manifest(
            pod(f"web-{number}", address=f"198.18.1.{number}", hostname=f"h{number}", subdomain="direct")
        )
        assert isinstance(member, Pod)
        endpoints.append(PodEndpoint(member, ready))
    outside = _service(service("out", type="ExternalName", externalName="Example.COM."))
    table = build_name_table(
        [headless, outside, _service(service("web", clusterIP="198.18.101.1"))], endpoints
    )
    assert table.addresses == {
        "direct.default.svc.cluster.local": ("198.18.1.2",),
        "h2.direct.default.svc.cluster.local": ("198.18.1.2",),
        "web.default.svc.cluster.local": ("198.18.101.1",),
    }
    assert table.aliases == {"out.default.svc.cluster.local": "example.com"}
