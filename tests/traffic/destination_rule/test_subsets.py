"""Whom a DestinationRule is about: its host, its subsets, its ports, and who obeys it."""

import pytest
from tests.traffic.destination_rule.plain import PLAIN, destination_rule, through_subset
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import virtual_service

pytestmark = TRAFFIC

MUTUAL = "{tls: {mode: ISTIO_MUTUAL}}"
AT_8000 = "{portLevelSettings: [{port: {number: 8000}, tls: {mode: ISTIO_MUTUAL}}]}"


async def statuses(lab: Lab, source: str = "client") -> tuple[int, int]:
    """What plain.test answers on its two ports: 503 where the mesh's TLS is spoken to it."""
    at = "240.240.9.1"
    first = await lab.get(source, "http://plain.test:8000/", at=at)
    second = await lab.get(source, "http://plain.test:8001/", at=at)
    return first.status, second.status


@fields("DestinationRule", "host", "trafficPolicy.tls.mode = ISTIO_MUTUAL")
async def test_a_rule_is_about_one_host(lab: Lab) -> None:
    async with lab.applied(PLAIN, destination_rule(f"trafficPolicy: {MUTUAL}", host="other.test")):
        assert await statuses(lab) == (200, 200)
    async with lab.applied(PLAIN, destination_rule(f"trafficPolicy: {MUTUAL}")):
        assert await statuses(lab) == (503, 503)


@fields("DestinationRule", "subsets.name", "subsets.labels")
async def test_a_subset_has_the_pods_with_its_labels(lab: Lab) -> None:
    rule = destination_rule("subsets: [{name: second, labels: {version: v2}}]", host="echo")
    to_second = virtual_service("- route: [{destination: {host: echo, subset: second}}]")
    async with lab.applied(rule, to_second):
        assert await lab.many("client", "http://echo:8000/", 30) == {"echo-v2": 30}


@fields(
    "DestinationRule",
    "trafficPolicy.portLevelSettings.port.number",
    "trafficPolicy.portLevelSettings.tls.mode = ISTIO_MUTUAL",
)
async def test_a_policy_may_be_for_one_port(lab: Lab) -> None:
    async with lab.applied(PLAIN, destination_rule(f"trafficPolicy: {AT_8000}")):
        assert await statuses(lab) == (503, 200)


@fields("DestinationRule", "subsets.trafficPolicy.tls.mode = ISTIO_MUTUAL")
async def test_a_policy_may_be_for_one_subset(lab: Lab) -> None:
    rule = destination_rule(f"""
        subsets:
        - {{name: strict, trafficPolicy: {MUTUAL}}}
        - {{name: lax}}
        """)
    async with lab.applied(PLAIN, rule, through_subset("strict")):
        assert await statuses(lab) == (503, 503)
    async with lab.applied(PLAIN, rule, through_subset("lax")):
        assert await statuses(lab) == (200, 200)


@fields(
    "DestinationRule",
    "subsets.trafficPolicy.portLevelSettings.port.number",
    "subsets.trafficPolicy.portLevelSettings.tls.mode = ISTIO_MUTUAL",
)
async def test_a_policy_may_be_for_one_port_of_a_subset(lab: Lab) -> None:
    rule = destination_rule(f"subsets: [{{name: strict, trafficPolicy: {AT_8000}}}]")
    async with lab.applied(PLAIN, rule, through_subset("strict")):
        assert await statuses(lab) == (503, 200)


@pytest.mark.parametrize(
    ("export_to", "client", "visitor"),
    [('["."]', 503, 200), ("[other]", 200, 503), ('["*"]', 503, 503)],
)
@fields("DestinationRule", "exportTo")
async def test_a_rule_holds_where_it_is_exported_to(
    lab: Lab, export_to: str, client: int, visitor: int
) -> None:
    rule = destination_rule(f"trafficPolicy: {MUTUAL}\nexportTo: {export_to}")
    async with lab.applied(PLAIN, rule):
        assert await statuses(lab) == (client, client)
        assert await statuses(lab, "visitor") == (visitor, visitor)
