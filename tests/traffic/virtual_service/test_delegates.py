"""Delegation of rules to VirtualServices without hosts."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import ECHO, virtual_service

pytestmark = TRAFFIC

ROOT = virtual_service("""
    - name: team
      match: [{uri: {prefix: /team/}, headers: {x-team: {exact: a}}}]
      headers: {request: {set: {x-from: root}}}
      delegate: {name: team, namespace: other}
    - match: [{uri: {prefix: /own/}}]
      delegate: {name: own}
    - match: [{uri: {prefix: /hidden/}}]
      delegate: {name: hidden, namespace: other}
    - match: [{uri: {prefix: /missing/}}]
      delegate: {name: missing}
    - directResponse: {status: 200, body: {string: root}}
""")
TEAM = virtual_service(
    """
    - match: [{uri: {prefix: /elsewhere}}]
      directResponse: {status: 200, body: {string: never}}
    - match: [{uri: {exact: /team/exact}}]
      directResponse: {status: 200, body: {string: exact}}
    - match: [{uri: {prefix: /team/own}}]
      headers: {request: {set: {x-from: team}}}
      route: [{destination: {host: echo.default.svc.cluster.local, port: {number: 8000}}}]
    - route: [{destination: {host: echo.default.svc.cluster.local, port: {number: 8000}}}]
    """,
    name="team",
    namespace="other",
    hosts="",
)
OWN = virtual_service(f"- {ECHO}", name="own", hosts="")
HIDDEN = virtual_service(f"- {ECHO}", name="hidden", namespace="other", hosts="", more='exportTo: ["."]')


@fields("VirtualService", "http.delegate.name", "http.delegate.namespace")
async def test_rules_of_a_delegate_stand_where_it_is_named(lab: Lab) -> None:
    async def body(path: str, team: str = "a") -> str:
        answer = await lab.get("client", f"http://echo:8000{path}", headers={"x-team": team})
        assert answer.status == 200
        return answer.seen.headers.get("x-from", "echo") if answer.pod else answer.body.decode()

    async with lab.applied(ROOT, TEAM, OWN, HIDDEN, clean=False):
        assert await body("/team/exact") == "exact"
        assert await body("/team/exact", team="b") == "root"
        assert await body("/team/own") == "team"
        inherited = await lab.get("client", "http://echo:8000/team/other", headers={"x-team": "a"})
        assert inherited.seen.headers["x-from"] == "root"
        assert await body("/own/a") == "echo"
        assert await body("/hidden/a") == "root"
        assert await body("/missing/a") == "root"
        assert await body("/elsewhere") == "root"
