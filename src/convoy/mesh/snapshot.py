"""The way from a ConfigView to a MeshSnapshot, step by step.

Everything here is a function of its arguments. A snapshot differs from the previous one only in what changed:
parts that are equal are the previous objects themselves.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.istio.gateway import Gateway
from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.sidecar import Sidecar
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.istio.workload_entry import WorkloadEntry
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.kube import core as kube
from convoy.api.meta import Namespace
from convoy.api.problems import Problem, sort_problems
from convoy.config.view import ConfigView
from convoy.mesh.assignments import EndpointSelector, select_endpoints
from convoy.mesh.checks import check_mesh
from convoy.mesh.credentials import Credentials
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.discovery_selectors import select_discovered
from convoy.mesh.endpoints import Workloads, accounts_of, build_endpoints
from convoy.mesh.envoy_filters import EnvoyFilters
from convoy.mesh.facts import Facts
from convoy.mesh.gateway_addresses import build_gateway_addresses
from convoy.mesh.l4_rules import ConnectionRouting
from convoy.mesh.mesh_config import check_mesh_config, resolve_settings
from convoy.mesh.model import (
    Assignment,
    EndpointKey,
    GatewayView,
    LocalityPolicy,
    MeshSettings,
    MeshSnapshot,
    Resolution,
    SidecarView,
    UpstreamKey,
    ViewKey,
    Workload,
)
from convoy.mesh.names import build_names, build_scoped_names
from convoy.mesh.peer_authentication import PeerPolicies
from convoy.mesh.pods import build_pod_index, local_network
from convoy.mesh.registry import build_registry
from convoy.mesh.retries import build_retries
from convoy.mesh.reuse import reuse_snapshot
from convoy.mesh.scopes import Scopes
from convoy.mesh.selections import Selections, build_selections
from convoy.mesh.sidecars import Sidecars
from convoy.mesh.upstreams import PlannedUpstream, UpstreamPlanner
from convoy.mesh.views import Planned, build_gateway_view, build_sidecar_view, upstream_order
from convoy.mesh.virtual_services import Routing
from convoy.mesh.workload_entries import build_external_workloads
from convoy.mesh.workload_groups import build_members, build_probes, index_groups
from convoy.mesh.workloads import SIDECAR, build_workloads


class _Views(msgspec.Struct, frozen=True, eq=False):
    sidecars: Mapping[ViewKey, SidecarView]
    gateways: Mapping[ViewKey, GatewayView]
    planned: Mapping[ViewKey, Planned]


def build_snapshot(
    view: ConfigView,
    settings: MeshSettings,
    previous: MeshSnapshot | None = None,
    *,
    now: datetime | None = None,
) -> tuple[MeshSnapshot, tuple[Problem, ...]]:
    """What the objects of a cluster mean, and what is wrong between them.

    `settings` are those that the control plane was started with; the mesh's own configuration is put over
    them. `previous` is the snapshot of an earlier view of the same cluster; equal parts are its objects.
    `now` decides which certificates have expired; None: none has. Problems carry no place: whoever knows
    files adds it.
    """
    misconfigured = check_mesh_config(view, settings)
    settings = resolve_settings(view, settings)
    view = select_discovered(view, settings)
    facts = build_facts(view, settings, now=now)
    selections = build_selections(facts.registry, facts.pods)
    workloads = build_workloads(facts, selections)
    scopes = Scopes(facts)
    views = _build_views(facts, selections, workloads, scopes)
    assignments, view_assignments = _build_assignments(facts, views)
    namespaces = sorted({workload.namespace for workload in workloads.values()})
    snapshot = MeshSnapshot(
        number=view.number,
        settings=settings,
        services={host: facts.registry.by_host[host].service for host in sorted(facts.registry.by_host)},
        endpoints=facts.endpoints,
        sidecar_views=views.sidecars,
        gateway_views=views.gateways,
        assignments=assignments,
        workloads=workloads,
        names={Namespace(namespace): build_names(facts, namespace) for namespace in namespaces},
        scoped_names=build_scoped_names(facts, scopes, views.sidecars),
        view_assignments=view_assignments,
        gateway_addresses=build_gateway_addresses(facts, selections, workloads),
        sources={host: facts.registry.by_host[host].source for host in sorted(facts.registry.by_host)},
        probes=facts.probes,
        valid_until=facts.credentials.first_expiry,
    )
    problems = sort_problems([*check_mesh(view, facts, selections), *misconfigured])
    return (reuse_snapshot(snapshot, previous) if previous else snapshot), problems


def build_facts(view: ConfigView, settings: MeshSettings, *, now: datetime | None = None) -> Facts:
    """What is settled before views: registry, pods, rules, endpoints, accounts."""
    domain = settings.cluster_domain
    policies = PeerPolicies(view.all(PeerAuthentication), root_namespace=settings.root_namespace)
    registry = build_registry(
        view.all(kube.Service),
        view.all(ServiceEntry),
        domain=domain,
        export_to=settings.default_service_export_to,
    )
    pods = build_pod_index(view.all(kube.Pod), policies, settings=settings, nodes=view.all(kube.Node))
    groups = index_groups(view.all(WorkloadGroup))
    members = build_members(groups, pods, trust_domain=settings.trust_domain)
    workloads = Workloads(pods, build_external_workloads(view.all(WorkloadEntry), members))
    rules = DestinationRules(view.all(DestinationRule), settings=settings)
    routing = Routing(
        view.all(VirtualService),
        domain=domain,
        retries=build_retries(settings.default_http_retry),
        export_to=settings.default_virtual_service_export_to,
        aliases=registry.aliases,
    )
    return Facts(
        settings=settings,
        registry=registry,
        pods=pods,
        rules=rules,
        endpoints=build_endpoints(registry, workloads, rules, settings=settings),
        accounts={
            registered.service: accounts_of(registered, workloads, settings=settings)
            for registered in registry
        },
        probes=build_probes(groups, pods, trust_domain=settings.trust_domain),
        routing=routing,
        connections=ConnectionRouting(routing, domain=domain, aliases=registry.aliases),
        gateways=view.all(Gateway),
        sidecars=Sidecars(view.all(Sidecar), root_namespace=settings.root_namespace),
        credentials=Credentials(view.all(kube.Secret), view.all(kube.ConfigMap), now=now),
        patches=EnvoyFilters(view.all(EnvoyFilter), settings=settings),
    )


def _build_views(
    facts: Facts, selections: Selections, workloads: Mapping[str, Workload], scopes: Scopes
) -> _Views:
    planner = UpstreamPlanner(
        rules=facts.rules, endpoints=facts.endpoints, accounts=facts.accounts, settings=facts.settings
    )
    sidecars: dict[ViewKey, SidecarView] = {}
    gateways: dict[ViewKey, GatewayView] = {}
    planned: dict[ViewKey, Planned] = {}
    pods = {pod.name: pod for pod in facts.pods}
    first_of: dict[ViewKey, str] = {}
    for name, workload in workloads.items():
        first_of.setdefault(workload.view, name)
    for key in sorted(first_of, key=_view_order):
        if key.kind == SIDECAR:
            sidecars[key], planned[key] = build_sidecar_view(facts, key, planner, scopes.of(key))
        else:
            name = first_of[key]
            gateways[key], planned[key] = build_gateway_view(
                facts, key, planner, pod=pods[name], services=selections.get(name, ())
            )
    return _Views(sidecars, gateways, planned)


def _build_assignments(
    facts: Facts, views: _Views
) -> tuple[Mapping[UpstreamKey, Assignment], Mapping[ViewKey, Mapping[UpstreamKey, Assignment]]]:
    made: dict[tuple[UpstreamKey, EndpointSelector, LocalityPolicy | None], Assignment] = {}
    shared: dict[UpstreamKey, Assignment] = {}
    own: dict[ViewKey, dict[UpstreamKey, Assignment]] = {}
    for view, planned in _sharing_order(facts, views):
        key, selector = planned.upstream.key, planned.selector
        question = (key, selector, planned.locality)
        if question not in made:
            endpoints = facts.endpoints[EndpointKey(key.hostname, key.port, selector.rank)]
            made[question] = Assignment(key, select_endpoints(endpoints, selector), planned.locality)
        assignment = made[question]
        if shared.setdefault(key, assignment) != assignment:
            own.setdefault(view, {})[key] = assignment
    return (
        {key: shared[key] for key in sorted(shared, key=upstream_order)},
        {view: own[view] for view in sorted(own, key=_view_order)},
    )


def _sharing_order(facts: Facts, views: _Views) -> Iterator[tuple[ViewKey, PlannedUpstream]]:
    """Views of the service's own namespace first: what they see is what is shared."""
    wanted = [
        (view, planned)
        for view, plans in views.planned.items()
        for planned in plans
        if planned.upstream.resolution is Resolution.ENDPOINTS
    ]
    services = facts.registry.by_host
    home = local_network(facts.settings)

    def is_foreign(item: tuple[ViewKey, PlannedUpstream]) -> tuple[bool, bool]:
        view, planned = item
        owner = services[planned.upstream.key.hostname].service.namespace
        return view.network != home, view.namespace != owner

    return iter(sorted(wanted, key=is_foreign))


def _view_order(key: ViewKey) -> tuple[str, str, tuple[tuple[str, str], ...], str, str]:
    return (key.kind, key.namespace, key.labels, key.network, key.sidecar)
