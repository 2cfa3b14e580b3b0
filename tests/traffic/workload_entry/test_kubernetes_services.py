"""WorkloadEntries that a Kubernetes Service selects, beside its pods."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: machines, namespace: default}
spec:
  clusterIP: 198.18.129.100
  selector: {tier: machines}
  ports:
  - {name: http, port: 80, targetPort: 8000}
  - {name: http-named, port: 81, targetPort: web}
"""
V1, V2, OUTSIDE = "198.18.1.21", "198.18.1.22", "198.18.1.41"
CLIENT = "spiffe://cluster.local/ns/default/sa/client"
URL = "http://machines/"


def machine(name: str, address: str, more: str = "", *, annotated: str = "", status: str = "") -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: {name}
  namespace: default
  annotations: {{{annotated}}}
spec: {{address: {address}, labels: {{tier: machines, name: {name}}}, {more}}}
{status}"""


@fields("WorkloadEntry", "address", "labels", "ports")
async def test_a_service_sends_to_the_workload_entries_it_selects(lab: Lab) -> None:
    ports = "ports: {web: 8002}"
    async with lab.applied(SERVICE, machine("one", V1, ports), machine("two", OUTSIDE)):
        assert set(await lab.many("client", URL, 40)) == {"echo-v1", "outside"}
        # A named target port is a port of that name; what has none is left out.
        found = await lab.get("client", "http://machines:81/")
        assert (found.pod, found.seen.port) == ("echo-v1", 8002)
        assert await lab.many("client", "http://machines:81/", 10) == {"echo-v1": 10}


@fields("WorkloadEntry", "serviceAccount")
async def test_an_account_is_met_with_mutual_tls(lab: Lab) -> None:
    async with lab.applied(SERVICE, machine("one", V1, "serviceAccount: echo-v1")):
        answer = await lab.get("client", URL)
        assert CLIENT in answer.seen.headers.get("x-forwarded-client-cert", "")
    async with lab.applied(SERVICE, machine("one", V1, "serviceAccount: somebody")):
        assert (await lab.get("client", URL)).status == 503


@fields("WorkloadEntry", "weight")
async def test_weights_share_requests(lab: Lab) -> None:
    async with lab.applied(SERVICE, machine("one", V1), machine("two", V2, "weight: 9")):
        found = await lab.many("client", URL, 200)
    # A tenth of 200: below 3 or above 55 has a chance of less than 1 in 10 million; a half is above 55.
    assert 3 <= found["echo-v1"] <= 55
    assert found.total() == 200


SUBSET = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: machines, namespace: default}
spec: {host: machines, subsets: [{name: chosen, labels: {LABEL}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: machines, namespace: default}
spec:
  hosts: [machines]
  http: [{route: [{destination: {host: machines, subset: chosen}}]}]
"""


@fields("WorkloadEntry", "locality", "network", "labels")
async def test_subsets_choose_by_labels_by_locality_and_by_network(lab: Lab) -> None:
    both = (
        machine("one", V1, "locality: far/away/rack, network: elsewhere"),
        machine("two", V2, "locality: near/by/desk"),
    )
    wanted = {
        "name: two": "echo-v2",
        "topology.kubernetes.io/zone: away": "echo-v1",
        "topology.istio.io/network: elsewhere": "echo-v1",
    }
    for label, pod in wanted.items():
        async with lab.applied(SERVICE, *both, SUBSET.replace("LABEL", label)):
            assert await lab.many("client", URL, 12) == {pod: 12}


async def test_who_is_said_to_be_unhealthy_gets_nothing(lab: Lab) -> None:
    checked = "proxy.istio.io/health-checks-enabled: 'true'"
    well = "status: {conditions: [{type: Healthy, status: 'True'}]}\n"
    async with lab.applied(SERVICE, machine("one", V1), machine("two", V2, annotated=checked)):
        assert await lab.many("client", URL, 20) == {"echo-v1": 20}
    async with lab.applied(SERVICE, machine("one", V1), machine("two", V2, annotated=checked, status=well)):
        assert set(await lab.many("client", URL, 40)) == {"echo-v1", "echo-v2"}
