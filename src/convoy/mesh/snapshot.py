"""The way from a ConfigView to a MeshSnapshot, step by step.

Everything here is a function of its arguments. A snapshot differs from the previous one only in what changed:
parts that are equal are the previous objects themselves.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

import msgspec

from convoy.api.meta import Namespace
from convoy.api.problems import Problem, sort_problems
from convoy.config.view import ConfigView
from convoy.mesh.assignments import EndpointSelector, select_endpoints
from convoy.mesh.checks import check_mesh
from convoy.mesh.discovery_selectors import select_discovered
from convoy.mesh.facts import Facts, Ground
from convoy.mesh.gateway_addresses import build_gateway_addresses
from convoy.mesh.grounds import build_facts
from convoy.mesh.memory import Memory, keep_tuple
from convoy.mesh.mesh_config import check_mesh_config, find_mesh_config, resolve_settings
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
from convoy.mesh.names import Names, build_names, build_scoped_names
from convoy.mesh.pods import local_network
from convoy.mesh.reuse import reuse_snapshot
from convoy.mesh.scopes import Scopes
from convoy.mesh.selections import Selections, build_selections
from convoy.mesh.services import Registered
from convoy.mesh.upstreams import PlannedUpstream, UpstreamPlanner
from convoy.mesh.views import Planned, build_gateway_view, build_sidecar_view, upstream_order
from convoy.mesh.workloads import SIDECAR, recall_workloads


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
    memory: Memory | None = None,
) -> tuple[MeshSnapshot, tuple[Problem, ...]]:
    """What the objects of a cluster mean, and what is wrong between them.

    `settings` are those that the control plane was started with; the mesh's own configuration is put over
    them. `previous` is the snapshot of an earlier view of the same cluster; equal parts are its objects.
    `now` decides which certificates have expired; None: none has. `memory` saves the steps that earlier
    snapshots with it took. Problems carry no place: whoever knows files adds it.
    """
    memory = memory or Memory()
    memory.start()
    misconfigured = check_mesh_config(view, settings)
    settings = _resolve_settings(view, settings, memory)
    view = _select(view, settings, memory)
    facts = build_facts(view, settings, now=now, memory=memory)
    ground = facts.ground
    selections = memory.recall(
        ("selections", ground.registry, ground.pods), lambda: build_selections(ground.registry, ground.pods)
    )
    workloads = recall_workloads(facts, selections, memory)
    scopes = Scopes(facts)
    views = _build_views(facts, selections, workloads, scopes=scopes, memory=memory)
    assignments, view_assignments = memory.recall(
        ("assignments", ground, *views.planned, *views.planned.values()),
        lambda: _build_assignments(ground, views),
    )
    by_host = ground.registry.by_host
    snapshot = MeshSnapshot(
        number=view.number,
        settings=settings,
        services=memory.recall(
            ("services", ground.registry), lambda: {host: by_host[host].service for host in sorted(by_host)}
        ),
        endpoints=ground.endpoints,
        sidecar_views=views.sidecars,
        gateway_views=views.gateways,
        assignments=assignments,
        workloads=workloads,
        names=_build_names(ground, workloads, memory),
        scoped_names=build_scoped_names(ground, scopes, views.sidecars),
        view_assignments=view_assignments,
        gateway_addresses=memory.recall(
            ("addresses", ground, selections, workloads),
            lambda: build_gateway_addresses(ground, selections, workloads),
        ),
        sources=memory.recall(
            ("sources", ground.registry), lambda: {host: by_host[host].source for host in sorted(by_host)}
        ),
        probes=ground.probes,
        valid_until=ground.credentials.first_expiry,
    )
    problems = sort_problems([*check_mesh(view, facts, selections, memory=memory), *misconfigured])
    return (reuse_snapshot(snapshot, previous) if previous else snapshot), problems


def _resolve_settings(view: ConfigView, started: MeshSettings, memory: Memory) -> MeshSettings:
    found = find_mesh_config(view, started)
    return memory.recall(("settings", found, started), lambda: resolve_settings(view, started))


def _select(view: ConfigView, settings: MeshSettings, memory: Memory) -> ConfigView:
    """What the mesh knows of; the kinds of which nothing changed are the same tuples as before."""

    def revised(before: ConfigView | None) -> ConfigView:
        selected = select_discovered(view, settings)
        if before is None or selected is view:
            return selected
        kinds = selected.by_kind.items()
        kept = {kind: keep_tuple(listed, before.by_kind.get(kind, ())) for kind, listed in kinds}
        return msgspec.structs.replace(selected, by_kind=kept)

    return memory.revise(("discovered", settings), revised)


def _build_names(
    ground: Ground, workloads: Mapping[str, Workload], memory: Memory
) -> Mapping[Namespace, Names]:
    read = (ground.registry, ground.pods, ground.settings)
    namespaces = memory.recall(
        ("namespaces", workloads), lambda: sorted({workload.namespace for workload in workloads.values()})
    )
    return {
        namespace: memory.recall(("names", *read, namespace), partial(build_names, ground, namespace))
        for namespace in namespaces
    }


def _build_views(
    facts: Facts,
    selections: Selections,
    workloads: Mapping[str, Workload],
    *,
    scopes: Scopes,
    memory: Memory,
) -> _Views:
    planner = memory.recall(
        ("planner", facts.rules, facts.endpoints, facts.accounts, facts.settings),
        lambda: UpstreamPlanner(
            rules=facts.rules, endpoints=facts.endpoints, accounts=facts.accounts, settings=facts.settings
        ),
    )
    sidecars: dict[ViewKey, SidecarView] = {}
    gateways: dict[ViewKey, GatewayView] = {}
    planned: dict[ViewKey, Planned] = {}
    first_of = memory.recall(("first of views", workloads), lambda: _first_of_views(workloads))
    for key in first_of:
        if key.kind == SIDECAR:
            sidecars[key], planned[key] = build_sidecar_view(
                facts, key, planner, scope=scopes.of(key), memory=memory
            )
        else:
            name = first_of[key]
            gateways[key], planned[key] = _recall_gateway(
                facts, key, planner, name=name, services=selections.get(name, ()), memory=memory
            )
    return _Views(sidecars, gateways, planned)


def _first_of_views(workloads: Mapping[str, Workload]) -> Mapping[ViewKey, str]:
    """A workload of every view, in the order of the views."""
    first_of: dict[ViewKey, str] = {}
    for name, workload in workloads.items():
        first_of.setdefault(workload.view, name)
    return {key: first_of[key] for key in sorted(first_of, key=_view_order)}


def _recall_gateway(
    facts: Facts,
    key: ViewKey,
    planner: UpstreamPlanner,
    *,
    name: str,
    services: tuple[Registered, ...],
    memory: Memory,
) -> tuple[GatewayView, Planned]:
    pods = memory.recall(("pods by name", facts.pods), lambda: {pod.name: pod for pod in facts.pods})
    read = (facts.ground, planner, facts.routing.at_gateways, facts.connections, services)
    return memory.recall(
        ("gateway", key, name, *read),
        lambda: build_gateway_view(facts, key, planner, pod=pods[name], services=services),
    )


def _build_assignments(
    facts: Ground, views: _Views
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


def _sharing_order(facts: Ground, views: _Views) -> Iterator[tuple[ViewKey, PlannedUpstream]]:
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
