"""Rules that are for some workloads only."""

from tests.traffic.destination_rule.server import policy
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

URL = "http://echo:8000/"


def only(place: str) -> str:
    """A policy by which everything goes to the endpoints of a place."""
    shares = f"[{{from: '*', to: {{{place}: 100}}}}]"
    return f"loadBalancer: {{localityLbSetting: {{distribute: {shares}}}}}"


@fields("DestinationRule", "workloadSelector.matchLabels")
async def test_a_rule_for_some_workloads_goes_before_the_others(lab: Lab) -> None:
    everybody = policy(only("region1/zone2"), host="echo", name="everybody")
    some = policy(
        only("region2"), host="echo", name="some", more="workloadSelector: {matchLabels: {app: client}}"
    )
    async with lab.applied(everybody, some):
        assert await lab.many("client", URL, 30) == {"echo-v3": 30}
        assert await lab.many("echo-v1", URL, 30) == {"echo-v2": 30}
        # Other namespaces' proxies have no part in it, whatever their labels are.
        assert await lab.many("visitor", "http://echo.default:8000/", 30) == {"echo-v2": 30}


async def test_a_rule_that_selects_nobody_is_for_nobody(lab: Lab) -> None:
    nobody = policy(only("region2"), host="echo", more="workloadSelector: {matchLabels: {app: nobody}}")
    async with lab.applied(nobody):
        assert len(await lab.many("client", URL, 60)) == 3
