"""Limits of the connections and requests from a sidecar to its own application."""

import asyncio

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

V1 = "198.18.1.21"
SIDECAR = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: limits, namespace: default}}
spec:
  workloadSelector: {{labels: {{app: echo, version: v1}}}}
  {more}
"""
ONE = "{http: {http2MaxRequests: 1}}"
MANY = "{http: {http2MaxRequests: 100}}"
PORT = 'port: {number: 7701, protocol: HTTP, name: http}, defaultEndpoint: "127.0.0.1:8000"'
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: limits, namespace: default}}
spec:
  host: echo
  trafficPolicy: {{connectionPool: {pool}}}
"""


async def refused(lab: Lab, port: int) -> bool:
    """Whether one of four requests at a time was turned away by the sidecar of the application."""
    urls = [f"http://echo:{port}/delay/0.3"] * 4
    answers = await asyncio.gather(*(lab.get("outside", url, at=V1) for url in urls))
    assert {answer.status for answer in answers} <= {200, 503}
    return any(answer.headers.get("x-envoy-overloaded") == "true" for answer in answers)


@fields("Sidecar", "inboundConnectionPool.http.http2MaxRequests")
async def test_the_limits_of_a_sidecar_are_for_all_ports(lab: Lab) -> None:
    async with lab.applied(SIDECAR.format(more=f"inboundConnectionPool: {ONE}")):
        assert await refused(lab, 8000)


@fields("Sidecar", "ingress.connectionPool.http.http2MaxRequests")
@pytest.mark.parametrize(
    ("own", "common", "expected"), [(ONE, MANY, True), (MANY, ONE, False), ("", ONE, True), ("", "", False)]
)
async def test_the_limits_of_a_listener_go_before(lab: Lab, own: str, common: str, expected: bool) -> None:
    listener = f"ingress: [{{{PORT}{f', connectionPool: {own}' if own else ''}}}]"
    more = f"{listener}\n  inboundConnectionPool: {common}" if common else listener
    async with lab.applied(SIDECAR.format(more=more)):
        assert await refused(lab, 7701) is expected


async def test_without_any_those_for_callers_hold(lab: Lab) -> None:
    async with lab.applied(RULE.format(pool=ONE)):
        assert await refused(lab, 8000)
    async with lab.applied(RULE.format(pool=ONE), SIDECAR.format(more=f"inboundConnectionPool: {MANY}")):
        assert not await refused(lab, 8000)
