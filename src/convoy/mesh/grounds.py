"""What is settled before views, made of the objects of a cluster: registry, pods, rules, endpoints, accounts.

Every step asks the memory with just what it reads, so that a change of some kind of object leaves alone what
other kinds say.
"""

from datetime import datetime

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
from convoy.config.view import ConfigView
from convoy.mesh.credentials import Credentials
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoints import Workloads, accounts_of, build_endpoints
from convoy.mesh.envoy_filters import EnvoyFilters
from convoy.mesh.facts import Facts, Ground
from convoy.mesh.l4_rules import ConnectionRouting
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSettings
from convoy.mesh.peer_authentication import PeerPolicies
from convoy.mesh.pods import PodIndex, build_pod_index
from convoy.mesh.registry import build_registry
from convoy.mesh.retries import build_retries
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
    connecting = tuple(one for one in routing if one.written.spec.tls or one.written.spec.tcp)
    connections = memory.recall(
        ("connections", settings, ground.registry, *connecting),
        lambda: ConnectionRouting(routing, domain=settings.cluster_domain, aliases=ground.registry.aliases),
    )
    fields = {field: getattr(ground, field) for field in Ground.__struct_fields__}
    return Facts(**fields, ground=ground, routing=routing, connections=connections)


def build_ground(view: ConfigView, settings: MeshSettings, *, now: datetime | None, memory: Memory) -> Ground:
    """What VirtualServices have no part in; the same object while none of the objects behind it changed."""
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
    pods = _build_pods(view, settings, memory)
    written, rules_written = view.all(WorkloadEntry), view.all(DestinationRule)
    groups = view.all(WorkloadGroup)
    rules = memory.recall(
        # What was found for a host is kept with them.
        ("rules", rules_written, registry, settings),
        lambda: DestinationRules(rules_written, settings=settings),
    )
    external = memory.recall(
        ("external", written, groups, pods, settings),
        lambda: build_external_workloads(
            written, build_members(index_groups(groups), pods, trust_domain=settings.trust_domain)
        ),
    )
    workloads = Workloads(pods, external)
    endpoints = memory.recall(
        ("endpoints", registry, pods, external, rules, settings),
        lambda: build_endpoints(registry, workloads, rules, settings=settings),
    )
    accounts = memory.recall(
        ("accounts", registry, pods, external, settings),
        lambda: {one.service: accounts_of(one, workloads, settings=settings) for one in registry},
    )
    probes = memory.recall(
        ("probes", groups, pods, settings),
        lambda: build_probes(index_groups(groups), pods, trust_domain=settings.trust_domain),
    )
    gateways, limiting, filters = view.all(Gateway), view.all(Sidecar), view.all(EnvoyFilter)
    sidecars = memory.recall(
        ("sidecars", limiting, settings),
        lambda: Sidecars(limiting, root_namespace=settings.root_namespace),
    )
    patches = memory.recall(("patches", filters, settings), lambda: EnvoyFilters(filters, settings=settings))
    credentials = _build_credentials(view, now, memory)
    inputs = (settings, registry, pods, rules, endpoints, accounts, probes, gateways, sidecars, credentials)
    return memory.recall(
        ("ground", *inputs, patches),
        lambda: Ground(
            settings=settings,
            registry=registry,
            pods=pods,
            rules=rules,
            endpoints=endpoints,
            accounts=accounts,
            probes=probes,
            gateways=gateways,
            sidecars=sidecars,
            credentials=credentials,
            patches=patches,
            client_namespaces=tuple(
                sorted({pod.namespace for pod in pods if pod.has_sidecar or pod.is_gateway})
            ),
        ),
    )


def _build_pods(view: ConfigView, settings: MeshSettings, memory: Memory) -> PodIndex:
    listed, nodes, policies = view.all(kube.Pod), view.all(kube.Node), view.all(PeerAuthentication)
    return memory.recall(
        ("pods", listed, nodes, policies, settings),
        lambda: build_pod_index(
            listed,
            PeerPolicies(policies, root_namespace=settings.root_namespace),
            settings=settings,
            nodes=nodes,
        ),
    )


def _build_credentials(view: ConfigView, now: datetime | None, memory: Memory) -> Credentials:
    """The same ones until one of those that somebody asked for expires."""
    secrets, config_maps = view.all(kube.Secret), view.all(kube.ConfigMap)

    def revised(before: Credentials | None) -> Credentials:
        if before and before.means_the_same(now):
            return before
        return Credentials(secrets, config_maps, now=now)

    return memory.revise(("credentials", secrets, config_maps), revised)


def _build_routing(view: ConfigView, ground: Ground, memory: Memory) -> Routing:
    written, settings, registry = view.all(VirtualService), ground.settings, ground.registry

    def revised(before: Routing | None) -> Routing:
        if before and before.written is written:
            return before
        return Routing(
            written,
            domain=settings.cluster_domain,
            retries=build_retries(settings.default_http_retry),
            export_to=settings.default_virtual_service_export_to,
            aliases=registry.aliases,
            previous=before,
        )

    # What a rule was found to mean is kept with it, and that is said in services of the registry.
    return memory.revise(("routing", settings, registry), revised)
