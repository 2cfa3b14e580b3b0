"""Who sees what, where objects do not say it: defaults of exportTo, and the namespaces that count at all."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.mesh_config.config import mesh

pytestmark = TRAFFIC

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  hosts: [{name}.example.test]
  resolution: STATIC
  ports: [{{number: 80, name: http, protocol: HTTP}}]
  endpoints: [{{address: 198.18.1.41}}]
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: visited, namespace: other{annotations}}}
spec:
  clusterIP: 198.18.129.131
  selector: {{app: visitor}}
  ports: [{{name: http, port: 8000}}]
"""
RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rules, namespace: other}
spec:
  hosts: [echo.default.svc.cluster.local]
  http: [{directResponse: {status: 299}}]
"""
POLICY = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: policy, namespace: default}
spec:
  host: echo
  trafficPolicy: {tls: {mode: DISABLE}}
"""
EXPORTED = ', annotations: {{networking.istio.io/exportTo: "{}"}}'
REGISTRY_ONLY = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n"


async def knows(lab: Lab, pod: str, name: str) -> bool:
    return bool(await lab.resolve(pod, f"{name}.example.test"))


@fields("MeshConfig", "defaultServiceExportTo")
async def test_services_stay_in_their_namespace_unless_they_say_otherwise(lab: Lab) -> None:
    entry, own = (
        ENTRY.format(name="silent", namespace="other"),
        mesh(f'{REGISTRY_ONLY}defaultServiceExportTo: ["."]'),
    )
    exported = entry.replace("silent", "told").replace("spec:", 'spec:\n  exportTo: ["*"]')
    async with lab.applied(own, entry, exported, SERVICE.format(annotations="")):
        assert [await knows(lab, pod, "silent") for pod in ("client", "visitor")] == [False, True]
        assert [await knows(lab, pod, "told") for pod in ("client", "visitor")] == [True, True]
        asked = {"url": "http://visited.other:8000/", "at": "198.18.129.131"}
        assert (await lab.get("client", **asked)).status in (0, 502)
        assert (await lab.get("visitor", **asked)).pod == "visitor"


@pytest.mark.parametrize(
    ("export", "client", "visitor"),
    [("~", False, False), (".", False, True), ("*", True, True), ("default", True, False)],
)
async def test_an_annotation_says_who_sees_a_service(
    lab: Lab, export: str, client: bool, visitor: bool
) -> None:
    service = SERVICE.format(annotations=EXPORTED.format(export))
    async with lab.applied(mesh(REGISTRY_ONLY), service):
        for pod, expected in (("client", client), ("visitor", visitor)):
            answer = await lab.get(pod, "http://visited.other:8000/", at="198.18.129.131")
            assert (answer.pod == "visitor") is expected


@fields("MeshConfig", "defaultVirtualServiceExportTo")
async def test_rules_stay_in_their_namespace(lab: Lab) -> None:
    for config, status in (('["."]', 200), ('["*"]', 299), ('["default"]', 299)):
        async with lab.applied(RULES, mesh(f"defaultVirtualServiceExportTo: {config}")):
            assert (await lab.get("client", "http://echo:8000/")).status == status


@fields("MeshConfig", "defaultDestinationRuleExportTo")
async def test_policies_stay_in_their_namespace(lab: Lab) -> None:
    asked = {"url": "http://echo.default:8000/?x"}
    for config, secured in (('["."]', True), ('["*"]', False)):
        async with lab.applied(POLICY, mesh(f"defaultDestinationRuleExportTo: {config}")):
            answers = [await lab.get("visitor", **asked) for _ in range(6)]
            marked = [answer for answer in answers if "x-forwarded-client-cert" in answer.seen.headers]
            assert bool(marked) is secured


@fields(
    "MeshConfig",
    "discoverySelectors.matchLabels",
    "discoverySelectors.matchExpressions.key",
    "discoverySelectors.matchExpressions.operator",
    "discoverySelectors.matchExpressions.values",
)
@pytest.mark.parametrize(
    ("selectors", "known"),
    [
        ("[{matchLabels: {istio-injection: enabled}}]", False),
        (
            "[{matchLabels: {istio-injection: enabled}},"
            " {matchLabels: {kubernetes.io/metadata.name: plain}}]",
            True,
        ),
        ("[{matchExpressions: [{key: istio-injection, operator: Exists}]}]", False),
        (
            "[{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [plain]}]}]",
            False,
        ),
        ("[{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [bare]}]}]", True),
        ("[{matchExpressions: [{key: istio-injection, operator: In, values: [enabled]}]}]", False),
        ("[{matchExpressions: [{key: nothing, operator: DoesNotExist}]}]", True),
    ],
)
async def test_only_chosen_namespaces_count(lab: Lab, selectors: str, known: bool) -> None:
    entries = (ENTRY.format(name=namespace, namespace=namespace) for namespace in ("plain", "other"))
    async with lab.applied(*entries, mesh(f"discoverySelectors: {selectors}")):
        assert await knows(lab, "client", "plain") is known
        assert await knows(lab, "client", "other")


async def test_an_entry_that_is_exported_to_nobody_is_unknown_to_its_own_namespace(lab: Lab) -> None:
    entry = ENTRY.format(name="hidden", namespace="default")
    async with lab.applied(entry.replace("spec:", 'spec:\n  exportTo: ["~"]')):
        assert not await knows(lab, "client", "hidden")
    async with lab.applied(entry):
        assert await knows(lab, "client", "hidden")
