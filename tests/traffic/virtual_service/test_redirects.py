"""Redirects: what the client is told instead of an answer."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import ECHO, GATEWAY, virtual_service

pytestmark = TRAFFIC

PLACES = virtual_service(f"""
    - match: [{{uri: {{prefix: /whole}}}}]
      redirect: {{uri: /new, redirectCode: 302}}
    - match: [{{uri: {{prefix: /part/}}}}]
      redirect: {{prefixRewrite: /piece/, redirectCode: 303}}
    - match: [{{uri: {{regex: "/user/([0-9]+)/?"}}}}]
      redirect: {{uri: '/people/\\1', redirectCode: 307}}
    - match: [{{uri: {{prefix: /host}}}}]
      redirect: {{authority: elsewhere.test, redirectCode: 308}}
    - match: [{{uri: {{prefix: /scheme}}}}]
      redirect: {{scheme: https}}
    - {ECHO}
""")
PORTS = virtual_service(f"""
    - match: [{{uri: {{prefix: /port}}}}]
      redirect: {{port: 8443}}
    - match: [{{uri: {{prefix: /own}}}}]
      redirect: {{authority: elsewhere.test, derivePort: FROM_REQUEST_PORT}}
    - match: [{{uri: {{prefix: /default}}}}]
      redirect: {{scheme: https, derivePort: FROM_PROTOCOL_DEFAULT}}
    - {ECHO}
""")
OUTSIDE = virtual_service(
    """
    - match: [{uri: {prefix: /secure}}]
      redirect: {scheme: https, port: 443}
    - redirect: {derivePort: FROM_REQUEST_PORT, uri: /new}
    """,
    hosts='["redirected.test"]',
    more="gateways: [istio-system/front]",
)


async def told(lab: Lab, path: str) -> tuple[int, str]:
    answer = await lab.get("client", f"http://echo:8000{path}")
    return answer.status, answer.headers.get("location", "")


@fields(
    "VirtualService",
    "http.redirect.uri",
    "http.redirect.prefixRewrite",
    "http.redirect.authority",
    "http.redirect.scheme",
    "http.redirect.redirectCode",
)
async def test_paths_hosts_and_schemes_are_told(lab: Lab) -> None:
    async with lab.applied(PLACES):
        assert await told(lab, "/whole/of/it?q=1") == (302, "http://echo:8000/new?q=1")
        assert await told(lab, "/part/a?q=1") == (303, "http://echo:8000/piece/a?q=1")
        assert await told(lab, "/user/17?q=1") == (307, "http://echo:8000/people/17?q=1")
        assert await told(lab, "/host/a") == (308, "http://elsewhere.test/host/a")
        assert await told(lab, "/scheme/a") == (301, "https://echo:8000/scheme/a")
        assert (await lab.get("client", "http://echo:8000/other")).status == 200


@fields(
    "VirtualService",
    "http.redirect.port",
    "http.redirect.derivePort = FROM_REQUEST_PORT",
    "http.redirect.derivePort = FROM_PROTOCOL_DEFAULT",
)
async def test_ports_are_told(lab: Lab) -> None:
    async with lab.applied(PORTS):
        assert await told(lab, "/port") == (301, "http://echo:8443/port")
        assert await told(lab, "/own") == (301, "http://elsewhere.test:8000/own")
        assert await told(lab, "/default") == (301, "https://echo:443/default")


async def test_a_default_port_is_left_out_at_a_gateway(lab: Lab) -> None:
    async with lab.applied(GATEWAY, OUTSIDE):
        secure = await lab.gateway("http://redirected.test/secure/a")
        other = await lab.gateway("http://redirected.test/other")
    assert (secure.status, secure.headers["location"]) == (301, "https://redirected.test/secure/a")
    assert (other.status, other.headers["location"]) == (301, "http://redirected.test/new")
