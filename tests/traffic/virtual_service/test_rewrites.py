"""Rewrites: the path and the host that a server sees."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import ECHO, virtual_service

pytestmark = TRAFFIC

PATHS = virtual_service(f"""
    - match: [{{uri: {{prefix: /old/}}}}]
      rewrite: {{uri: /new/}}
      {ECHO}
    - match: [{{uri: {{exact: /exact}}}}]
      rewrite: {{uri: /precise}}
      {ECHO}
    - match: [{{uri: {{regex: "/any/[a-z]+"}}}}]
      rewrite: {{uri: /some}}
      {ECHO}
    - match: [{{uri: {{regex: "/swap/([a-z]+)/([a-z]+)"}}}}]
      rewrite: {{uri: '/\\2/\\1'}}
      {ECHO}
    - match: [{{uri: {{prefix: /service}}}}]
      rewrite: {{uriRegexRewrite: {{match: "^/service/([^/]+)(/.*)$", rewrite: '\\2/of/\\1'}}}}
      {ECHO}
    - {ECHO}
""")
HOSTS = virtual_service(f"""
    - match: [{{uri: {{prefix: /renamed}}}}]
      rewrite: {{authority: renamed.test}}
      {ECHO}
    - match: [{{uri: {{prefix: /both}}}}]
      rewrite: {{authority: both.test, uri: /one}}
      {ECHO}
    - {ECHO}
""")


async def seen(lab: Lab, path: str) -> str:
    return (await lab.get("client", f"http://echo:8000{path}")).seen.path


@fields(
    "VirtualService",
    "http.rewrite.uri",
    "http.rewrite.uriRegexRewrite.match",
    "http.rewrite.uriRegexRewrite.rewrite",
)
async def test_what_matched_of_the_path_is_replaced(lab: Lab) -> None:
    async with lab.applied(PATHS):
        assert await seen(lab, "/old/x/y?q=1") == "/new/x/y?q=1"
        assert await seen(lab, "/exact?q=1") == "/precise?q=1"
        assert await seen(lab, "/any/thing?q=1") == "/some?q=1"
        assert await seen(lab, "/swap/a/b?q=1") == "/b/a?q=1"
        assert await seen(lab, "/service/foo/v1/api?q=1") == "/v1/api/of/foo?q=1"
        assert await seen(lab, "/other") == "/other"


@fields("VirtualService", "http.rewrite.authority")
async def test_the_host_is_replaced(lab: Lab) -> None:
    async with lab.applied(HOSTS):
        renamed = await lab.get("client", "http://echo:8000/renamed/a")
        both = await lab.get("client", "http://echo:8000/both/a")
        other = await lab.get("client", "http://echo:8000/other")
    assert (renamed.seen.host, renamed.seen.path) == ("renamed.test", "/renamed/a")
    assert (both.seen.host, both.seen.path) == ("both.test", "/one/a")
    assert other.seen.host == "echo:8000"
