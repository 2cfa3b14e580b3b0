"""Edits of headers, by a rule and by one destination of several."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Answer, Lab
from tests.traffic.virtual_service.objects import ECHO, SUBSETS, virtual_service

pytestmark = TRAFFIC

SENT = {"x-set": "client", "x-add": "client", "x-remove": "client"}
ANSWERED = "header=x-set:server&header=x-add:server&header=x-remove:server"

RULE = virtual_service(f"""
    - headers:
        request: {{set: {{X-Set: mesh}}, add: {{X-Add: mesh}}, remove: [X-Remove]}}
        response: {{set: {{X-Set: mesh}}, add: {{X-Add: mesh}}, remove: [X-Remove]}}
      {ECHO}
""")
HOSTS = virtual_service(f"""
    - match: [{{uri: {{prefix: /authority}}}}]
      headers: {{request: {{set: {{":authority": authority.test}}}}}}
      {ECHO}
    - match: [{{uri: {{prefix: /host}}}}]
      headers: {{request: {{add: {{Host: host.test}}}}}}
      {ECHO}
    - match: [{{uri: {{prefix: /variable}}}}]
      headers: {{request: {{set: {{x-scheme: "%REQ(:METHOD)% 100%%"}}}}}}
      {ECHO}
    - {ECHO}
""")
EDITS = """headers:
            request: {set: {X-Set: V1, Host: v1.test}, add: {X-Add: V1}, remove: [X-Remove]}
            response: {set: {X-Set: V1}, add: {X-Add: V1}, remove: [X-Remove]}"""


def destination(version: str) -> str:
    return (
        f"- destination: {{host: echo, subset: {version}, port: {{number: 8000}}}}\n          "
        + EDITS.replace("V1", version).replace("v1.test", f"{version}.test")
    )


SEVERAL = virtual_service(f"""
    - match: [{{uri: {{prefix: /alone}}}}]
      route:
        {destination("v1")}
    - match: [{{uri: {{prefix: /named}}}}]
      headers: {{request: {{set: {{Host: rule.test}}}}}}
      route:
        {destination("v1")}
          weight: 1
        {destination("v2")}
          weight: 1
    - route:
        {destination("v1")}
          weight: 1
        {destination("v2")}
          weight: 1
""")


@fields(
    "VirtualService",
    "http.headers.request.set",
    "http.headers.request.add",
    "http.headers.request.remove",
    "http.headers.response.set",
    "http.headers.response.add",
    "http.headers.response.remove",
)
async def test_a_rule_edits_both_ways(lab: Lab) -> None:
    async with lab.applied(RULE):
        answer = await lab.get("client", f"http://echo:8000/?{ANSWERED}", headers=SENT)
    assert {name: answer.seen.headers.get(name) for name in SENT} == {
        "x-set": "mesh",
        "x-add": "client,mesh",
        "x-remove": None,
    }
    assert {name: answer.headers.get(name) for name in SENT} == {
        "x-set": "mesh",
        "x-add": "server,mesh",
        "x-remove": None,
    }


async def test_the_host_is_set_like_a_header_and_variables_are_filled_in(lab: Lab) -> None:
    async with lab.applied(HOSTS):
        assert (await lab.get("client", "http://echo:8000/authority")).seen.host == "authority.test"
        assert (await lab.get("client", "http://echo:8000/host")).seen.host == "host.test"
        varied = await lab.get("client", "http://echo:8000/variable", method="PUT")
        assert varied.seen.headers["x-scheme"] == "PUT 100%"


@fields(
    "VirtualService",
    "http.route.headers.request.set",
    "http.route.headers.request.add",
    "http.route.headers.request.remove",
    "http.route.headers.response.set",
    "http.route.headers.response.add",
    "http.route.headers.response.remove",
)
async def test_a_destination_edits_what_goes_there(lab: Lab) -> None:
    async with lab.applied(SUBSETS, SEVERAL):
        found: dict[str, Answer] = {}
        for _ in range(40):
            answer = await lab.get("client", f"http://echo:8000/?{ANSWERED}", headers=SENT)
            found[answer.pod] = answer
            if len(found) == 2:
                break
        alone = await lab.get("client", f"http://echo:8000/alone?{ANSWERED}", headers=SENT)
        named = await lab.get("client", "http://echo:8000/named")
    for version, answer in (("v1", found["echo-v1"]), ("v2", found["echo-v2"]), ("v1", alone)):
        edited = {"x-set": version, "x-add": f"client,{version}", "x-remove": None}
        assert {name: answer.seen.headers.get(name) for name in SENT} == edited
        assert answer.seen.host == f"{version}.test"
        edited["x-add"] = f"server,{version}"
        assert {name: answer.headers.get(name) for name in SENT} == edited
    assert named.seen.host == "rule.test"
