"""What a workload may call and resolve, by what its Sidecar imports."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

# Unknown hosts are refused, so that what is not imported shows.
SIDECAR = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: scope, namespace: {namespace}}}
spec:
  {selector}
  egress: [{{hosts: [{hosts}]}}]
  outboundTrafficPolicy: {{mode: REGISTRY_ONLY}}
"""
VISITED = """\
apiVersion: v1
kind: Service
metadata: {name: visited, namespace: other}
spec:
  clusterIP: 198.18.129.131
  selector: {app: visitor}
  ports: [{name: http, port: 8000}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: imported, namespace: other}
spec:
  hosts: [imported.example.test, more.example.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 198.18.1.41}]
"""


def scope(*hosts: str, namespace: str = "default", selector: str = "") -> str:
    return SIDECAR.format(
        namespace=namespace, hosts=", ".join(f'"{host}"' for host in hosts), selector=selector
    )


@fields("Sidecar", "egress.hosts")
@pytest.mark.parametrize(
    ("hosts", "echo", "visited", "imported"),
    [
        (("./*",), 200, 502, []),
        (("other/*",), 502, 200, ["imported", "more"]),
        (("*/visited.other.svc.cluster.local", "./*"), 200, 200, []),
        (("other/*.example.test", "default/*"), 200, 502, ["imported", "more"]),
        (("*/more.example.test", "~/*", "./echo.default.svc.cluster.local"), 200, 502, ["more"]),
    ],
)
async def test_only_imported_hosts_are_known(
    lab: Lab, hosts: tuple[str, ...], echo: int, visited: int, imported: list[str]
) -> None:
    async with lab.applied(VISITED, scope(*hosts)):
        assert (await lab.get("client", "http://echo:8000/", at="198.18.129.21")).status == echo
        answer = await lab.get("client", "http://visited.other:8000/", at="198.18.129.131")
        assert answer.status == visited
        found = [name for name in ("imported", "more") if await lab.resolve("client", f"{name}.example.test")]
        assert found == imported
        for name in found:
            assert (await lab.get("client", f"http://{name}.example.test/")).pod == "outside"


@fields("Sidecar", "workloadSelector.labels")
async def test_the_narrowest_sidecar_counts(lab: Lab) -> None:
    everywhere = scope("other/*", namespace="istio-system")
    other = scope("other/*", "default/*", namespace="other")
    selected = scope("default/*", selector="workloadSelector: {labels: {app: client}}")
    async with lab.applied(VISITED, everywhere, other, selected):
        for pod, expected in (("client", (200, 502)), ("visitor", (200, 200)), ("echo-v1", (502, 200))):
            echo = await lab.get(pod, "http://echo.default:8000/", at="198.18.129.21")
            visited = await lab.get(pod, "http://visited.other:8000/", at="198.18.129.131")
            assert (pod, echo.status, visited.status) == (pod, *expected)


ROUTED = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rules, namespace: other}
spec:
  hosts: [echo.default.svc.cluster.local]
  http: [{route: [{destination: {host: visited.other.svc.cluster.local}}]}]
"""


@fields("Sidecar", "egress.hosts")
async def test_rules_are_imported_with_their_namespace_and_lead_anywhere(lab: Lab) -> None:
    async with lab.applied(VISITED, ROUTED, scope("default/*")):
        assert (await lab.get("client", "http://echo:8000/")).pod.startswith("echo-")
    async with lab.applied(VISITED, ROUTED, scope("default/*", "other/echo.default.svc.cluster.local")):
        assert (await lab.get("client", "http://echo:8000/")).pod == "visitor"
        hidden = await lab.get("client", "http://visited.other:8000/", at="198.18.129.131")
        assert hidden.status == 502
