"""What is settled before views, made of the objects of a cluster: registry, pods, rules, endpoints, accounts.

Every step asks the memory with just what it reads, so that a change of some kind of object leaves alone what
other kinds say.
"""

from datetime import datetime

import msgspec

from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.istio.gateway import Gateway
from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.sidecar import Sidecar
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.istio.workload_entry import WorkloadEntry
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.kube import core as kube
from convoy.config.view import ConfigView
from convoy.mesh.credentials import Credentials
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoints import Workloads, recall_backing, recall_headless
from convoy.mesh.envoy_filters import EnvoyFilters
from convoy.mesh.facts import Facts, Ground, Terms
from convoy.mesh.l4_rules import ConnectionRouting
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSettings
from convoy.mesh.pod_index import PodIndex, recall_pods
from convoy.mesh.registry import build_registry
from convoy.mesh.retries import build_retries
from convoy.mesh.services import Registry
from convoy.mesh.sidecars import Sidecars
from convoy.mesh.virtual_services import Routing
from convoy.mesh.workload_entries import build_external_workloads
from convoy.mesh.workload_groups import build_members, build_probes, index_groups


def build_facts(
    view: ConfigView, settings: MeshSettings, *, now: datetime | None = None, memory: Memory | None = None
) -> Facts:
    """What is settled before views: registry, pods, rules, endpoints, accounts, and what routes say."""
    memory = memory or Memory()
    ground = build_ground(view, settings, now=now, memory=memory)
    routing = _build_routing(view, ground, memory)
    connections = memory.recall(
        ("connections", settings, ground.registry, *routing.connecting),
        lambda: ConnectionRouting(routing, domain=settings.cluster_domain, aliases=ground.registry.aliases),
    )
    fields = {field: getattr(ground, field) for field in Ground.__struct_fields__}
    return Facts(**fields, ground=ground, routing=routing, connections=connections)


def build_ground(view: ConfigView, settings: MeshSettings, *, now: datetime | None, memory: Memory) -> Ground:
    """What VirtualServices have no part in; the same object while none of the objects behind it changed."""
    pods = recall_pods(view, settings, memory)
    terms = _build_terms(view, settings, pods, now=now, memory=memory)
    groups, written = view.all(WorkloadGroup), view.all(WorkloadEntry)
    members = pods if groups else ()
    external = memory.recall(
        ("external", written, groups, members, settings),
        lambda: build_external_workloads(
            written, build_members(index_groups(groups), pods, trust_domain=settings.trust_domain)
        ),
    )
    registry = terms.registry
    rules = _build_rules(view, registry, settings, memory)
    backing = recall_backing(registry, Workloads(pods, external), rules, settings=settings, memory=memory)
    headless = recall_headless(registry, backing.endpoints, memory)
    probes = memory.recall(
        ("probes", groups, members, settings),
        lambda: build_probes(index_groups(groups), pods, trust_domain=settings.trust_domain),
    )
    fields = {field: getattr(terms, field) for field in Terms.__struct_fields__}
    return memory.recall(
        ("ground", terms, rules, pods, backing.endpoints, backing.accounts, headless, probes),
        lambda: Ground(
            **fields,
            terms=terms,
            rules=rules,
            pods=pods,
            endpoints=backing.endpoints,
            accounts=backing.accounts,
            headless=headless,
            probes=probes,
        ),
    )


def _build_terms(
    view: ConfigView, settings: MeshSettings, pods: PodIndex, *, now: datetime | None, memory: Memory
) -> Terms:
    services, entries = view.all(kube.Service), view.all(ServiceEntry)
    registry = memory.recall(
        ("registry", services, entries, settings),
        lambda: build_registry(
            services,
            entries,
            domain=settings.cluster_domain,
            export_to=settings.default_service_export_to,
        ),
    )
    gateways, limiting, filters = view.all(Gateway), view.all(Sidecar), view.all(EnvoyFilter)
    sidecars = memory.recall(
        ("sidecars", limiting, settings),
        lambda: Sidecars(limiting, root_namespace=settings.root_namespace),
    )
    patches = memory.recall(("patches", filters, settings), lambda: EnvoyFilters(filters, settings=settings))
    credentials = _build_credentials(view, now, memory)
    inputs = (registry, gateways, pods.gateways, sidecars, credentials, patches)
    return memory.recall(
        ("terms", settings, *inputs, pods.client_namespaces),
        lambda: Terms(
            settings=settings,
            registry=registry,
            gateways=gateways,
            gateway_pods=pods.gateways,
            sidecars=sidecars,
            credentials=credentials,
            patches=patches,
            client_namespaces=pods.client_namespaces,
        ),
    )


class _Ruled(msgspec.Struct, frozen=True, eq=False):
    """The DestinationRules of a view."""

    number: int
    written: tuple[DestinationRule, ...]
    rules: DestinationRules


def _build_rules(
    view: ConfigView, registry: Registry, settings: MeshSettings, memory: Memory
) -> DestinationRules:
    written = view.all(DestinationRule)

    def revised(before: _Ruled | None) -> _Ruled:
        if before and before.written is written:
            return _Ruled(view.number, written, before.rules)
        rules = None
        if before and view.base and view.base == before.number:
            changes = (one for one in view.changes if one.key.kind == DestinationRule.KIND)
            rules = before.rules.exchanged(changes)
        return _Ruled(view.number, written, rules or DestinationRules(written, settings=settings))

    # What was found for a host is kept with them.
    return memory.revise(("rules", registry, settings), revised).rules


def _build_credentials(view: ConfigView, now: datetime | None, memory: Memory) -> Credentials:
    """The same ones until one of those that somebody asked for expires."""
    secrets, config_maps = view.all(kube.Secret), view.all(kube.ConfigMap)

    def revised(before: Credentials | None) -> Credentials:
        if before and before.means_the_same(now):
            return before
        return Credentials(secrets, config_maps, now=now)

    return memory.revise(("credentials", secrets, config_maps), revised)


class _Routed(msgspec.Struct, frozen=True, eq=False):
    """The VirtualServices of a view."""

    number: int
    routing: Routing


def _build_routing(view: ConfigView, ground: Ground, memory: Memory) -> Routing:
    written, settings, registry = view.all(VirtualService), ground.settings, ground.registry

    def revised(before: _Routed | None) -> _Routed:
        if before and before.routing.written is written:
            return _Routed(view.number, before.routing)
        exchanged = _exchanged(before, view) if before else None
        return _Routed(
            view.number,
            exchanged
            or Routing(
                written,
                domain=settings.cluster_domain,
                retries=build_retries(settings.default_http_retry),
                export_to=settings.default_virtual_service_export_to,
                aliases=registry.aliases,
                previous=before.routing if before else None,
            ),
        )

    # What a rule was found to mean is kept with it, and that is said in services of the registry.
    return memory.revise(("routing", settings, registry), revised).routing


def _exchanged(before: _Routed, view: ConfigView) -> Routing | None:
    if not view.base or view.base != before.number:
        return None
    changes = (one for one in view.changes if one.key.kind == VirtualService.KIND)
    news = {one.key: one.new if isinstance(one.new, VirtualService) else None for one in changes}
    return before.routing.exchanged(view.all(VirtualService), news)
