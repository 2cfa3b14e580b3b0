"""The addresses behind every service port: pods and WorkloadEntries that are selected, and addresses that a
ServiceEntry lists.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.workload_entry import WorkloadEntrySpec
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoint_labels import LabelFilter, label_filter
from convoy.mesh.listed_endpoints import (
    build_listed_endpoint,
    entry_port,
    kube_entry_port,
    leads_home,
    listed_identity,
    select_for_kube,
    written_workloads,
)
from convoy.mesh.memory import Memory
from convoy.mesh.model import Endpoint, EndpointKey, MeshSettings, Resolution, Service, ServicePort
from convoy.mesh.pod_index import PodIndex
from convoy.mesh.pods import PodFacts, target_port
from convoy.mesh.revisions import Revision
from convoy.mesh.selections import entry_pods, entry_target_port, recall_selectors, selected_pods
from convoy.mesh.services import Registered, Registry
from convoy.mesh.workload_entries import ExternalWorkloads

_MOST_WEIGHT = 2**32 - 1

Endpoints = Revision[EndpointKey, tuple[Endpoint, ...]]
Accounts = Revision[Service, tuple[str, ...]]


class Workloads(NamedTuple):
    """Everything that selectors may select."""

    pods: PodIndex
    external: ExternalWorkloads


class _Source(NamedTuple):
    """What one object puts behind a service; without `entry` it is the Kubernetes Service."""

    entry: ServiceEntry | None
    pods: tuple[PodFacts, ...]
    written: tuple[WorkloadEntrySpec, ...]


class Backing(msgspec.Struct, frozen=True, eq=False):
    """What is behind services: the endpoints of every port of every service, sorted by address (ports without
    endpoints have an empty tuple), and who may answer for each service.
    """

    pods: PodIndex
    rules: DestinationRules
    endpoints: Endpoints
    accounts: Accounts


def build_backing(
    registry: Registry, workloads: Workloads, rules: DestinationRules, *, settings: MeshSettings
) -> Backing:
    """What is behind all services."""
    endpoints: dict[EndpointKey, tuple[Endpoint, ...]] = {}
    accounts = {}
    for registered in registry:
        endpoints.update(_service_endpoints(registered, workloads, rules, settings))
        accounts[registered.service] = accounts_of(registered, workloads, settings=settings)
    in_order = sorted(endpoints, key=lambda key: (key.hostname, key.port, key.rank))
    return Backing(
        workloads.pods, rules, Revision((key, endpoints[key]) for key in in_order), Revision(accounts)
    )


def recall_backing(
    registry: Registry,
    workloads: Workloads,
    rules: DestinationRules,
    *,
    settings: MeshSettings,
    memory: Memory,
) -> Backing:
    """The same, looking only at services that select a pod that changed, or whose rules did."""
    selectors = recall_selectors(registry, memory)

    def revised(before: Backing | None) -> Backing:
        changes = workloads.pods.changes_since(before.pods) if before else None
        hosts = rules.changed_since(before.rules) if before else None
        if before is None or changes is None or hosts is None:
            return build_backing(registry, workloads, rules, settings=settings)
        endpoints: dict[EndpointKey, tuple[Endpoint, ...]] = {}
        accounts = {}
        ruled = (registered for host in hosts for registered in registry.of_host(host))
        for registered in dict.fromkeys((*selectors.touched(changes), *ruled)):
            endpoints.update(_service_endpoints(registered, workloads, rules, settings))
            accounts[registered.service] = accounts_of(registered, workloads, settings=settings)
        return Backing(
            workloads.pods, rules, before.endpoints.revised(endpoints), before.accounts.revised(accounts)
        )

    return memory.revise(("backing", registry, workloads.external, settings), revised)


class _Headless(msgspec.Struct, frozen=True, eq=False):
    keys: frozenset[EndpointKey]
    endpoints: Endpoints
    chosen: Endpoints


def recall_headless(registry: Registry, endpoints: Endpoints, memory: Memory) -> Endpoints:
    """The endpoints of headless services alone; the same object while others change."""

    def revised(before: _Headless | None) -> _Headless:
        changed = endpoints.changed_since(before.endpoints) if before else None
        if before is not None and changed is not None:
            news = {key: endpoints[key] for key in changed & before.keys}
            return _Headless(before.keys, endpoints, before.chosen.revised(news))
        services = [one.service for one in registry if one.is_headless]
        keys = [service.endpoint_key(port) for service in services for port in service.ports]
        return _Headless(frozenset(keys), endpoints, Revision((key, endpoints[key]) for key in keys))

    return memory.revise(("headless", registry), revised).chosen


def _service_endpoints(
    registered: Registered, workloads: Workloads, rules: DestinationRules, settings: MeshSettings
) -> Iterator[tuple[EndpointKey, tuple[Endpoint, ...]]]:
    service = registered.service
    labels = label_filter(rules.label_keys(service.hostname), settings)
    sources = tuple(_sources_of(registered, workloads))
    for port in service.ports:
        made = _port_endpoints(sources, service, port, labels=labels, settings=settings)
        in_order = sorted(made, key=lambda endpoint: (endpoint.address, endpoint.port))
        yield service.endpoint_key(port), _with_bounded_weights(tuple(in_order))


def accounts_of(registered: Registered, workloads: Workloads, *, settings: MeshSettings) -> tuple[str, ...]:
    """The identities that may answer for a service.

    What is selected counts whether ready or not: a caller should know a new account before its first
    endpoint.
    """
    service = registered.service
    pods = {pod.identity for pod in selected_pods(registered, workloads.pods) if pod.has_sidecar}
    written = list(select_for_kube(registered, workloads.external))
    for entry in registered.entries:
        written += written_workloads(entry, service, workloads.external)
    return tuple(sorted({*pods, *(listed_identity(spec, service, settings) for spec in written)} - {""}))


def serving_pods(registered: Registered, pods: PodIndex) -> tuple[PodFacts, ...]:
    """The pods that a service selects and sends to now, in order of their names."""
    return _serving(selected_pods(registered, pods), registered)


def _serving(pods: tuple[PodFacts, ...], registered: Registered) -> tuple[PodFacts, ...]:
    kube = registered.kube
    takes_unready = kube is not None and kube.spec.publish_not_ready_addresses
    return tuple(
        pod for pod in pods if pod.address and not pod.is_terminating and (pod.is_ready or takes_unready)
    )


def _sources_of(registered: Registered, workloads: Workloads) -> Iterator[_Source]:
    if registered.kube is not None:
        written = tuple(select_for_kube(registered, workloads.external, only_healthy=True))
        yield _Source(None, serving_pods(registered, workloads.pods), written)
    for entry in registered.entries:
        yield _Source(
            entry,
            _serving(entry_pods(entry, workloads.pods), registered),
            tuple(written_workloads(entry, registered.service, workloads.external, only_healthy=True)),
        )


def _port_endpoints(
    sources: tuple[_Source, ...],
    service: Service,
    port: ServicePort,
    *,
    labels: LabelFilter,
    settings: MeshSettings,
) -> Iterator[Endpoint]:
    for source in sources:
        for pod in source.pods:
            number = _pod_port(source.entry, pod, port)
            if number is not None:
                yield _pod_endpoint(pod, number, labels)
        has_any = False
        for spec in source.written:
            number = entry_port(source.entry, spec, port) if source.entry else kube_entry_port(spec, port)
            if number is not None and not leads_home(spec.address, number):
                has_any = True
                yield build_listed_endpoint(spec, service, number, labels=labels, settings=settings)
        if has_any and service.resolution is Resolution.LOGICAL_DNS:
            # Envoy takes one name there: the oldest entry's counts.
            return


def _with_bounded_weights(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    """The same shares with weights that Envoy can add up."""
    total = sum(endpoint.weight for endpoint in endpoints)
    if total <= _MOST_WEIGHT:
        return endpoints
    return tuple(
        msgspec.structs.replace(endpoint, weight=max(1, endpoint.weight * _MOST_WEIGHT // (2 * total)))
        for endpoint in endpoints
    )


def _pod_port(entry: ServiceEntry | None, pod: PodFacts, port: ServicePort) -> int | None:
    return target_port(pod.pod, port.target_port) if entry is None else entry_target_port(entry, pod, port)


def _pod_endpoint(pod: PodFacts, port: int, labels: LabelFilter) -> Endpoint:
    return Endpoint(
        address=pod.address,
        port=port,
        labels=labels.of(pod.labels, network=pod.network, locality=pod.locality, node=pod.pod.spec.node_name),
        accepts_mtls=pod.accepts_mtls(port),
        identity=pod.identity,
        workload=pod.name,
        network=pod.network,
        locality=pod.locality,
    )
