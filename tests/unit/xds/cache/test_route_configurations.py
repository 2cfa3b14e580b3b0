"""Route configurations are joined from hosts that are encoded once each."""

import pytest
from envoy.config.route.v3 import route_pb2 as route_v3
from msgspec.structs import replace
from tests.kit.parts import host, key, routes, rule
from tests.kit.samples_of_rules import actions

from convoy.mesh.model import Fallback, PortRoutes
from convoy.xds.build.routes import build_route_configuration
from convoy.xds.cache.consistency import decode
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.route_configurations import assemble_routes

HOSTS = [host("reviews", *actions()), host("reviews-a"), host("reviews.default.global"), host("a")]


@pytest.mark.parametrize("fallback", Fallback)
@pytest.mark.parametrize(
    "table",
    [routes(*HOSTS), routes(), routes(*HOSTS, host("any", domains=["*"]))],
    ids=["all", "none", "any"],
)
def test_joined_is_what_is_built_as_a_whole(table: PortRoutes, fallback: Fallback) -> None:
    table = replace(table, fallback=fallback)
    joined = decode(assemble_routes(Memo(), "9080", table), route_v3.RouteConfiguration())
    assert joined == build_route_configuration("9080", table)


def test_a_changed_host_leaves_the_others_bytes_alone() -> None:
    memo = Memo(checks=True)
    memo.assemble(assemble_routes, "9080", routes(*HOSTS))
    before = memo.statistics().built
    memo.assemble(assemble_routes, "9080", routes(*HOSTS[1:], host("reviews", rule(key("b")))))

    # The host, and the configuration that it is in.
    assert memo.statistics().built - before == 2


def test_hosts_of_a_forgotten_configuration_are_forgotten() -> None:
    memo = Memo(keep_generations=2)
    memo.assemble(assemble_routes, "9080", routes(*HOSTS))
    memo.start_generation()
    memo.assemble(assemble_routes, "9080", routes(HOSTS[0]))
    memo.start_generation()
    assert memo.statistics().held == 2
