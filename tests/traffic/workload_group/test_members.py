"""What a WorkloadGroup says of the workloads that join it."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.workload_group.objects import ENTRY, URL, group

pytestmark = TRAFFIC

CLIENT = "spiffe://cluster.local/ns/default/sa/client"
TEMPLATE = "  template: {labels: {tier: TIER}, ports: {http: 8001}, serviceAccount: member}\n"


@fields("WorkloadGroup", "template.labels", "template.ports", "template.serviceAccount", "metadata.labels")
@fields("WorkloadGroup", "metadata.annotations")
async def test_members_are_what_the_groups_template_says(lab: Lab) -> None:
    selected = TEMPLATE.replace("TIER", "members")
    async with lab.applied(ENTRY):
        assert (await lab.get("client", URL)).status == 503
        async with lab.applied(group(selected)):
            answer = await lab.get("client", URL)
            assert (answer.pod, answer.seen.port) == ("member", 8001)
            assert CLIENT in answer.seen.headers["x-forwarded-client-cert"]
        labelled = "  metadata: {labels: {tier: members}}\n" + TEMPLATE.replace("TIER", "others")
        async with lab.applied(group(labelled)):
            assert (await lab.get("client", URL)).pod == "member"
        # An account that is not the workload's own is no member's.
        async with lab.applied(group(selected.replace("member}", "other}"))):
            assert (await lab.get("client", URL)).status == 503
        checked = "  metadata: {annotations: {proxy.istio.io/health-checks-enabled: 'true'}}\n"
        async with lab.applied(group(checked + selected)):
            assert (await lab.get("client", URL)).status == 503
