"""Sidecars that are an HTTP proxy for their application, because the mesh says so."""

from typing import Any

import msgspec
from tests.unit.mesh.objects import SETTINGS, istio, pod, resolve, service, sidecars, to, virtual_service

from convoy.mesh.model import BoundEgress, Fallback
from convoy.xds.build.bound_plan import plan_bound_listeners, plan_bound_routes

CALLER = pod("caller", "198.18.1.200")
WEB = service("web", 9080, spec={"clusterIP": "198.18.129.1"})
PROXIES = msgspec.structs.replace(SETTINGS, proxy_http_port=15080)


def proxy(*objects: dict[str, Any]) -> BoundEgress:
    (found,) = sidecars(resolve(CALLER, *objects, settings=PROXIES)).bound
    return found


def domains(found: BoundEgress) -> dict[str, tuple[str, ...]]:
    assert found.routes
    return {host.host: host.domains for host in found.routes.hosts}


def test_there_is_none_unless_the_mesh_says_so() -> None:
    assert sidecars(resolve(CALLER, WEB)).bound == ()


def test_hosts_are_told_with_and_without_their_port() -> None:
    found = proxy(WEB)
    assert (found.address, found.port, found.is_bound) == ("127.0.0.1", 15080, True)
    assert {"web", "web:9080", "198.18.129.1:9080"} <= set(domains(found)["web.default.svc.cluster.local"])
    assert found.routes
    assert found.routes.fallback is Fallback.BLOCK


def test_hosts_that_only_rules_know_are_on_port_80() -> None:
    rule = virtual_service("r", "www.example.com", to("web"))
    assert domains(proxy(WEB, rule))["www.example.com"] == ("www.example.com", "www.example.com:80")


def test_what_a_sidecar_does_not_import_is_unknown_to_it() -> None:
    other = service("other", 9080, namespace="else", spec={"clusterIP": "198.18.129.2"})
    limited = istio("Sidecar", "only", {"egress": [{"hosts": ["./*"]}]})
    assert list(domains(proxy(WEB, other, limited))) == ["web.default.svc.cluster.local"]


def test_its_listener_is_bound_and_its_routes_have_the_usual_name() -> None:
    view = sidecars(resolve(CALLER, WEB, settings=PROXIES))
    (listener,) = plan_bound_listeners(view)
    (table,) = plan_bound_routes(view)
    assert listener.is_bound
    assert listener.routes == table.name == "http_proxy"
