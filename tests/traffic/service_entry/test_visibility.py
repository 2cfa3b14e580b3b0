"""Who sees a ServiceEntry, and what several entries for one host are together."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC


def entry(name: str, namespace: str, endpoint: str, *, port: int = 80, export_to: str = "") -> str:
    exported = f"  exportTo: {export_to}\n" if export_to else ""
    return f"""\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: [shared.example.test]
  resolution: STATIC
  ports: [{{number: {port}, name: http-{port}, protocol: HTTP, targetPort: 8000}}]
  endpoints: [{{address: {endpoint}}}]
{exported}"""


URL = "http://shared.example.test/"
V1, V2, V3, OUTSIDE = "198.18.1.21", "198.18.1.22", "198.18.1.23", "198.18.1.41"


@fields("ServiceEntry", "exportTo")
async def test_an_entry_is_seen_where_it_is_exported_to(lab: Lab) -> None:
    async with lab.applied(entry("own", "other", OUTSIDE, export_to='["."]')):
        assert (await lab.get("visitor", URL)).pod == "outside"
        assert await lab.resolve("client", "shared.example.test") == []
    async with lab.applied(entry("named", "other", OUTSIDE, export_to="[default]")):
        assert (await lab.get("client", URL)).pod == "outside"
        assert await lab.resolve("visitor", "shared.example.test") == []


@fields("ServiceEntry", "exportTo")
async def test_each_namespace_may_have_a_host_of_its_own(lab: Lab) -> None:
    everyone = entry("for-all", "plain", OUTSIDE)
    own = (
        entry("own", "default", V1, export_to='["."]')
        + "---\n"
        + entry("own", "other", V2, export_to='["."]')
    )
    async with lab.applied(everyone, own):
        assert await lab.many("client", URL, 10) == {"echo-v1": 10}
        assert await lab.many("visitor", URL, 10) == {"echo-v2": 10}
    async with lab.applied(everyone):
        assert (await lab.get("client", URL)).pod == (await lab.get("visitor", URL)).pod == "outside"


@fields("ServiceEntry", "hosts", "endpoints.address")
async def test_entries_of_one_namespace_for_one_host_are_one_service(lab: Lab) -> None:
    parts = (entry("a", "default", V1), entry("b", "default", V3), entry("c", "default", V2, port=81))
    async with lab.applied(*parts):
        assert set(await lab.many("client", URL, 40)) == {"echo-v1", "echo-v3"}
        assert await lab.many("client", "http://shared.example.test:81/", 10) == {"echo-v2": 10}
