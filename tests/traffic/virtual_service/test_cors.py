"""CORS: what browsers are told about pages of other origins."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Answer, Lab
from tests.traffic.virtual_service.objects import ECHO, virtual_service

pytestmark = TRAFFIC

POLICIES = virtual_service(f"""
    - match: [{{uri: {{prefix: /full}}}}]
      corsPolicy:
        allowOrigins: [{{exact: "https://a.test"}}, {{prefix: "https://b."}}, {{regex: "https://c[0-9]+[.]test"}}]
        allowMethods: [POST, PATCH]
        allowHeaders: [X-One, X-Two]
        exposeHeaders: [X-Three, X-Four]
        maxAge: 1m30s
        allowCredentials: true
      {ECHO}
    - match: [{{uri: {{prefix: /older}}}}]
      corsPolicy: {{allowOrigin: ["https://a.test"], allowMethods: [GET], unmatchedPreflights: FORWARD}}
      {ECHO}
    - match: [{{uri: {{prefix: /ignoring}}}}]
      corsPolicy:
        allowOrigins: [{{exact: "https://a.test"}}]
        allowCredentials: false
        unmatchedPreflights: IGNORE
      {ECHO}
    - {ECHO}
""")


async def preflight(lab: Lab, path: str, origin: str) -> Answer:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return await lab.get("client", f"http://echo:8000{path}", method="OPTIONS", headers=headers)


def allowed(answer: Answer, name: str) -> str | None:
    return answer.headers.get(f"access-control-{name}")


@fields(
    "VirtualService",
    "http.corsPolicy.allowOrigins.exact",
    "http.corsPolicy.allowOrigins.prefix",
    "http.corsPolicy.allowOrigins.regex",
    "http.corsPolicy.allowMethods",
    "http.corsPolicy.allowHeaders",
    "http.corsPolicy.exposeHeaders",
    "http.corsPolicy.maxAge",
    "http.corsPolicy.allowCredentials",
)
async def test_a_preflight_is_answered_by_the_proxy(lab: Lab) -> None:
    async with lab.applied(POLICIES):
        for origin in ("https://a.test", "https://b.example", "https://c17.test"):
            answer = await preflight(lab, "/full", origin)
            assert (answer.status, answer.pod) == (200, "")
            assert allowed(answer, "allow-origin") == origin
            assert allowed(answer, "allow-methods") == "POST,PATCH"
            assert allowed(answer, "allow-headers") == "X-One,X-Two"
            assert allowed(answer, "max-age") == "90"
            assert allowed(answer, "allow-credentials") == "true"
        actual = await lab.get("client", "http://echo:8000/full", headers={"Origin": "https://a.test"})
        assert actual.status == 200
        assert actual.pod
        assert allowed(actual, "expose-headers") == "X-Three,X-Four"
        assert allowed(actual, "allow-origin") == "https://a.test"
        foreign = await lab.get("client", "http://echo:8000/full", headers={"Origin": "https://d.test"})
        assert (foreign.status, allowed(foreign, "allow-origin")) == (200, None)


@fields(
    "VirtualService",
    "http.corsPolicy.allowOrigin",
    "http.corsPolicy.unmatchedPreflights",
)
async def test_a_preflight_of_another_origin_is_passed_on_or_not(lab: Lab) -> None:
    async with lab.applied(POLICIES):
        older = await preflight(lab, "/older", "https://a.test")
        assert (older.pod, allowed(older, "allow-origin")) == ("", "https://a.test")
        assert allowed(older, "allow-credentials") is None
        passed = await preflight(lab, "/older", "https://d.test")
        assert passed.seen.method == "OPTIONS"
        ignored = await preflight(lab, "/ignoring", "https://d.test")
        assert (ignored.pod, allowed(ignored, "allow-origin")) == ("", None)
        unset = await preflight(lab, "/full", "https://d.test")
        assert unset.seen.method == "OPTIONS"
