"""How an endpoint is chosen for each request: the simple algorithms, and load that endpoints report."""

from tests.traffic.destination_rule.server import OUTSIDE, PLAIN, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.shares import assert_shares

pytestmark = TRAFFIC

WEIGHED = server("two", f"{{address: {OUTSIDE}, weight: 90}}", f"{{address: {PLAIN}, weight: 10}}")
EQUAL = server("two", f"{{address: {OUTSIDE}}}", f"{{address: {PLAIN}}}")


@fields("DestinationRule", "trafficPolicy.loadBalancer.simple")
async def test_round_robin_takes_turns(lab: Lab) -> None:
    async with lab.applied(EQUAL, policy("loadBalancer: {simple: ROUND_ROBIN}", host="two.test")):
        found = await lab.many("client", "http://two.test:8000/", 200, connections=1)
    assert found == {"outside": 100, "echo-v3": 100}


@fields("DestinationRule", "trafficPolicy.loadBalancer.simple = RANDOM")
async def test_random_does_not_ask_for_weights(lab: Lab) -> None:
    async with lab.applied(WEIGHED, policy("loadBalancer: {simple: RANDOM}", host="two.test")):
        found = await lab.many("client", "http://two.test:8000/", 200)
    assert_shares(found, {"outside": 1, "echo-v3": 1})


async def test_least_request_asks_for_weights_unless_said_otherwise(lab: Lab) -> None:
    for simple in ("LEAST_REQUEST", "LEAST_CONN", "UNSPECIFIED"):
        async with lab.applied(WEIGHED, policy(f"loadBalancer: {{simple: {simple}}}", host="two.test")):
            found = await lab.many("client", "http://two.test:8000/", 200)
        assert found["outside"] > 150, (simple, found)


@fields("DestinationRule", "trafficPolicy.loadBalancer.simple = PASSTHROUGH")
async def test_passthrough_keeps_the_address_that_was_dialled(lab: Lab) -> None:
    async with lab.applied(policy("loadBalancer: {simple: PASSTHROUGH}", host="echo")):
        found = await lab.many("client", "http://echo:8000/", 30, at="198.18.1.22")
    assert found == {"echo-v2": 30}
