"""Answers that the proxy gives itself."""

import base64

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import ECHO, virtual_service

pytestmark = TRAFFIC

BINARY = bytes(range(256))
LARGE = "x" * 100_000
RULES = virtual_service(f"""
    - match: [{{uri: {{prefix: /text}}}}]
      directResponse: {{status: 418, body: {{string: short and stout}}}}
      headers: {{response: {{set: {{content-type: text/x-teapot}}}}}}
    - match: [{{uri: {{prefix: /bytes}}}}]
      directResponse: {{status: 299, body: {{bytes: {base64.b64encode(BINARY).decode()}}}}}
    - match: [{{uri: {{prefix: /large}}}}]
      directResponse: {{status: 200, body: {{string: {LARGE}}}}}
    - match: [{{uri: {{prefix: /empty}}}}]
      directResponse: {{status: 503}}
    - {ECHO}
""")


@fields(
    "VirtualService",
    "http.directResponse.status",
    "http.directResponse.body.string",
    "http.directResponse.body.bytes",
)
async def test_the_proxy_answers_itself(lab: Lab) -> None:
    async with lab.applied(RULES):
        text = await lab.get("client", "http://echo:8000/text")
        binary = await lab.get("client", "http://echo:8000/bytes")
        large = await lab.get("client", "http://echo:8000/large")
        empty = await lab.get("client", "http://echo:8000/empty")
        other = await lab.get("client", "http://echo:8000/other")
    assert (text.status, text.body, text.headers["content-type"]) == (
        418,
        b"short and stout",
        "text/x-teapot",
    )
    assert (binary.status, binary.body) == (299, BINARY)
    assert (large.status, large.body.decode()) == (200, LARGE)
    assert (empty.status, empty.body) == (503, b"")
    assert (other.status, other.seen.path) == (200, "/other")
