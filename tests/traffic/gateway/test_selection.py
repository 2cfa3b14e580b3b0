"""Which gateway serves a Gateway, on which port and for which hosts."""

from tests.traffic.fields import fields
from tests.traffic.gateway.objects import gateway, route, server
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC


@fields("Gateway", "selector")
async def test_only_selected_gateways_serve_it(lab: Lab) -> None:
    other = gateway(server("HTTP"), selector={"istio": "another"})
    async with lab.applied(other, route("a.test")):
        assert (await lab.gateway("http://a.test/")).status == 0
    async with lab.applied(gateway(server("HTTP")), route("a.test")):
        assert (await lab.gateway("http://a.test/")).status == 200


@fields("Gateway", "servers.hosts", "servers.port.number", "servers.port.name")
async def test_each_port_serves_its_own_hosts(lab: Lab) -> None:
    servers = server("HTTP", "a.test"), server("HTTP", "*.b.test", port=8000, name="http-b")
    async with lab.applied(gateway(*servers), route("a.test", "x.b.test", "y.b.test")):
        for host, port, status in (
            ("a.test", 80, 200),
            ("x.b.test", 80, 404),
            ("a.test", 8000, 404),
            ("x.b.test", 8000, 200),
            ("y.b.test", 8000, 200),
            ("b.test", 8000, 404),
        ):
            assert (await lab.gateway(f"http://{host}:{port}/")).status == status, (host, port)


async def test_a_server_may_say_whose_routes_it_takes(lab: Lab) -> None:
    async with lab.applied(
        gateway(server("HTTP", "other/a.test", "default/b.test")), route("a.test", "b.test")
    ):
        assert (await lab.gateway("http://a.test/")).status == 404
        assert (await lab.gateway("http://b.test/")).status == 200
