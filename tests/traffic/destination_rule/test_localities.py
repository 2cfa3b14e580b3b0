"""Where endpoints and callers are: shares, order, and callers that stay in their zone.

The client is in region1/zone1, echo-v1 there too, echo-v2 in region1/zone2, echo-v3 in region2/zone3.
"""

import pytest
from tests.traffic.destination_rule.server import OUTSIDE, PLAIN, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.shares import assert_shares

pytestmark = TRAFFIC

LOCALITY = "trafficPolicy.loadBalancer.localityLbSetting"
ZONES = "trafficPolicy.loadBalancer.zoneAwareLbSetting"
URL = "http://echo:8000/"
DETECTING = "outlierDetection: {consecutive5xxErrors: 5}"


def located(first: str, second: str) -> str:
    """Two pods without sidecars as if they were elsewhere: `outside` first, echo-v3 second."""
    return server(
        "two", f"{{address: {OUTSIDE}, locality: {first}}}", f"{{address: {PLAIN}, locality: {second}}}"
    )


@fields("DestinationRule", f"{LOCALITY}.distribute.from", f"{LOCALITY}.distribute.to")
async def test_localities_have_shares(lab: Lab) -> None:
    shares = "[{from: region2/*, to: {'*': 100}}, {from: region1/*, to: {region1/zone1: 70, region2/*: 30}}]"
    written = policy(f"loadBalancer: {{localityLbSetting: {{distribute: {shares}}}}}", host="echo")
    async with lab.applied(written):
        assert_shares(await lab.many("client", URL, 400), {"echo-v1": 70, "echo-v2": 0, "echo-v3": 30})


@fields("DestinationRule", f"{LOCALITY}.enabled")
async def test_the_nearest_come_first_unless_said_otherwise(lab: Lab) -> None:
    async with lab.applied(policy(DETECTING, host="echo")):
        assert await lab.many("client", URL, 40) == {"echo-v1": 40}
    off = "loadBalancer: {localityLbSetting: {enabled: false}}"
    async with lab.applied(policy(f"{off}\n{DETECTING}", host="echo")):
        assert len(await lab.many("client", URL, 60)) == 3


@fields("DestinationRule", f"{LOCALITY}.failoverPriority")
async def test_labels_may_come_before_places(lab: Lab) -> None:
    setting = "loadBalancer: {localityLbSetting: {failoverPriority: [version=v2]}}"
    async with lab.applied(policy(f"{setting}\n{DETECTING}", host="echo")):
        assert await lab.many("client", URL, 40) == {"echo-v2": 40}


@pytest.mark.parametrize("setting", ["localityLbSetting", "zoneAwareLbSetting"])
@fields("DestinationRule", f"{LOCALITY}.failover.from", f"{LOCALITY}.failover.to")
@fields("DestinationRule", f"{ZONES}.failover.from", f"{ZONES}.failover.to")
async def test_one_region_stands_in_for_another(lab: Lab, setting: str) -> None:
    failover = f"loadBalancer: {{{setting}: {{failover: [{{from: region1, to: region3}}]}}}}"
    async with lab.applied(
        located("region2", "region3"), policy(f"{failover}\n{DETECTING}", host="two.test")
    ):
        assert await lab.many("client", "http://two.test:8000/", 40) == {"echo-v3": 40}


@fields("DestinationRule", f"{ZONES}.enabled", f"{ZONES}.minClusterSize")
async def test_callers_stay_in_their_zone_as_far_as_it_has_endpoints(lab: Lab) -> None:
    two, url = located("region1/zone1", "region1/zone2"), "http://two.test:8000/"
    zones = "loadBalancer: {zoneAwareLbSetting: {enabled: true, minClusterSize: 2}}"
    async with lab.applied(two, policy(zones, host="two.test")):
        # There is one echo with a sidecar in each of the two zones.
        assert await lab.many("echo-v1", url, 40) == {"outside": 40}
        assert await lab.many("echo-v2", url, 40) == {"echo-v3": 40}
    async with lab.applied(two, policy(zones.replace("true", "false"), host="two.test")):
        assert len(await lab.many("echo-v1", url, 60)) == 2


async def test_a_zone_with_more_callers_than_endpoints_sends_the_rest_elsewhere(lab: Lab) -> None:
    # Of three endpoints one is in the zone, where half of the callers are: two thirds of these stay.
    three = server(
        "two",
        f"{{address: {OUTSIDE}, locality: region1/zone1}}",
        f"{{address: {PLAIN}, locality: region1/zone2, weight: 2}}",
    )
    zones = "loadBalancer: {zoneAwareLbSetting: {minClusterSize: 2}}"
    async with lab.applied(three, policy(zones, host="two.test")):
        found = await lab.many("echo-v1", "http://two.test:8000/", 300)
    assert_shares(found, {"outside": 2, "echo-v3": 1})


@fields("DestinationRule", f"{ZONES}.failoverPriority")
async def test_labels_may_come_before_zones(lab: Lab) -> None:
    setting = "loadBalancer: {zoneAwareLbSetting: {minClusterSize: 9, failoverPriority: [version=v2]}}"
    async with lab.applied(policy(f"{setting}\n{DETECTING}", host="echo")):
        assert await lab.many("client", URL, 40) == {"echo-v2": 40}
