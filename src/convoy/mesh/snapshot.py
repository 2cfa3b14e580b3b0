"""The way from a ConfigView to a MeshSnapshot, step by step.

Everything here is a function of its arguments. A snapshot differs from the previous one only in what changed:
parts that are equal are the previous objects themselves.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec

from convoy.api.meta import Namespace
from convoy.api.problems import Problem, sort_problems
from convoy.config.view import ConfigView
from convoy.mesh.assigning import recall_assignments
from convoy.mesh.checks import check_mesh
from convoy.mesh.discovery_selectors import select_discovered
from convoy.mesh.facts import Facts, Ground
from convoy.mesh.gateway_addresses import build_gateway_addresses
from convoy.mesh.grounds import build_facts
from convoy.mesh.memory import Memory, keep_tuple
from convoy.mesh.mesh_config import check_mesh_config, find_mesh_config, resolve_settings
from convoy.mesh.model import (
    GatewayView,
    MeshSettings,
    MeshSnapshot,
    SidecarView,
    ViewKey,
)
from convoy.mesh.names import Names, build_names, build_scoped_names
from convoy.mesh.reuse import reuse_snapshot
from convoy.mesh.scopes import Scopes
from convoy.mesh.selections import Selections, recall_selections
from convoy.mesh.services import Registered
from convoy.mesh.upstreams import UpstreamPlanner
from convoy.mesh.views import Planned, build_gateway_view, build_sidecar_view
from convoy.mesh.workloads import SIDECAR, Workloads, recall_workloads


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
    selections = recall_selections(ground.registry, ground.pods, memory)
    workloads = recall_workloads(facts, selections, memory)
    scopes = Scopes(facts)
    views = _build_views(facts, selections, workloads, scopes=scopes, memory=memory)
    assignments = recall_assignments(ground, views.planned, (*views.sidecars, *views.gateways), memory)
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
        assignments=assignments.shared,
        workloads=workloads,
        names=_build_names(ground, memory),
        scoped_names=build_scoped_names(ground, scopes, views.sidecars),
        view_assignments=assignments.own,
        gateway_addresses=memory.recall(
            ("addresses", ground.terms, *(workloads[pod.name].view for pod in ground.gateway_pods)),
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


def _build_names(ground: Ground, memory: Memory) -> Mapping[Namespace, Names]:
    read = (ground.registry, ground.headless, ground.settings)
    return {
        Namespace(namespace): memory.recall(
            ("names", *read, namespace), partial(build_names, ground, namespace)
        )
        for namespace in ground.client_namespaces
    }


def _build_views(
    facts: Facts,
    selections: Selections,
    workloads: Workloads,
    *,
    scopes: Scopes,
    memory: Memory,
) -> _Views:
    planner = _recall_planner(facts, memory)
    sidecars: dict[ViewKey, SidecarView] = {}
    gateways: dict[ViewKey, GatewayView] = {}
    planned: dict[ViewKey, Planned] = {}
    first_of = _recall_first_of_views(workloads, memory)
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


def _recall_planner(facts: Facts, memory: Memory) -> UpstreamPlanner:
    def revised(before: UpstreamPlanner | None) -> UpstreamPlanner:
        if before:
            return before.revised(facts.rules, facts.endpoints, facts.accounts)
        return UpstreamPlanner(
            rules=facts.rules, endpoints=facts.endpoints, accounts=facts.accounts, settings=facts.settings
        )

    return memory.revise(("planner", facts.registry, facts.settings), revised)


class _FirstOfViews(msgspec.Struct, frozen=True, eq=False):
    workloads: Workloads
    names: Mapping[ViewKey, str]


def _recall_first_of_views(workloads: Workloads, memory: Memory) -> Mapping[ViewKey, str]:
    """A workload of every view, in the order of the views."""

    def revised(before: _FirstOfViews | None) -> _FirstOfViews:
        changed = workloads.changed_since(before.workloads) if before else None
        if before and changed is not None and all(_is_one_of(before, name, workloads) for name in changed):
            return _FirstOfViews(workloads, before.names)
        first_of: dict[ViewKey, str] = {}
        for name, workload in workloads.items():
            first_of.setdefault(workload.view, name)
        return _FirstOfViews(workloads, {key: first_of[key] for key in sorted(first_of, key=_view_order)})

    return memory.revise(("first of views",), revised).names


def _is_one_of(before: _FirstOfViews, name: str, workloads: Workloads) -> bool:
    """Whether a changed workload neither was nor is the first of a view."""
    old, new = before.workloads.get(name), workloads.get(name)
    was_first = old is not None and before.names[old.view] == name
    return not was_first and (new is None or before.names.get(new.view, name) < name)


def _recall_gateway(
    facts: Facts,
    key: ViewKey,
    planner: UpstreamPlanner,
    *,
    name: str,
    services: tuple[Registered, ...],
    memory: Memory,
) -> tuple[GatewayView, Planned]:
    pod = facts.pods.get(name)
    assert pod is not None  # a workload is made of it
    read = (facts.terms, planner.plans, facts.routing.at_gateways, facts.connections, services)
    return memory.recall(
        ("gateway", key, name, *read),
        lambda: build_gateway_view(facts, key, planner, pod=pod, services=services),
    )


def _view_order(key: ViewKey) -> tuple[str, str, tuple[tuple[str, str], ...], str, str]:
    return (key.kind, key.namespace, key.labels, key.network, key.sidecar)
