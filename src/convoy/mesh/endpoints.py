"""The addresses behind every service port: pods that a Service selects, addresses that a ServiceEntry lists.

Only the labels by which some subset of the host tells endpoints apart are kept, so that other labels may
change freely. An address that a ServiceEntry lists accepts mutual TLS by Istio's rule: the label
`security.istio.io/tlsMode: istio` says so, or else a `serviceAccount` does. (An explicit ISTIO_MUTUAL in a
DestinationRule does not ask.)
"""

from collections.abc import Iterable, Mapping

from convoy.api.istio.service_entry import Resolution, ServiceEntry
from convoy.api.istio.workload_entry import WorkloadEntrySpec
from convoy.api.kube import core as kube
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.identities import spiffe_id
from convoy.mesh.model import Endpoint, EndpointKey, Labels, MeshSettings, Service, ServicePort
from convoy.mesh.pods import (
    CLUSTER_LABEL,
    NETWORK_LABEL,
    REGION_LABEL,
    SUBZONE_LABEL,
    TLS_MODE_LABEL,
    ZONE_LABEL,
    PodFacts,
    PodIndex,
    local_network,
    target_port,
)
from convoy.mesh.services import Registered, Registry

Endpoints = Mapping[EndpointKey, tuple[Endpoint, ...]]


def build_endpoints(
    registry: Registry, pods: PodIndex, rules: DestinationRules, *, settings: MeshSettings
) -> Endpoints:
    """The endpoints of every port of every service, sorted by address; ports without endpoints have an empty
    tuple.
    """
    found = {}
    for registered in registry:
        labels = rules.label_keys(registered.service.hostname)
        for port in registered.service.ports:
            made = (
                _pod_endpoints(registered.kube, port, pods, labels=labels, settings=settings)
                if registered.kube
                else _listed_endpoints(registered, port, labels=labels, settings=settings)
            )
            key = EndpointKey(registered.service.hostname, port.number)
            found[key] = tuple(sorted(made, key=lambda endpoint: (endpoint.address, endpoint.port)))
    return {key: found[key] for key in sorted(found, key=lambda key: (key.hostname, key.port))}


def accounts_of(registered: Registered, pods: PodIndex, *, settings: MeshSettings) -> tuple[str, ...]:
    """The identities that may answer for a service.

    Pods count whether ready or not: a caller should know a new account before its first endpoint.
    """
    if registered.kube:
        selected = pods.select(registered.service.namespace, registered.kube.spec.selector)
        return tuple(sorted({pod.identity for pod in selected if pod.has_sidecar}))
    listed = registered.entry.spec.endpoints if registered.entry else []
    return tuple(
        sorted({_listed_identity(endpoint, registered.service, settings) for endpoint in listed} - {""})
    )


def serving_pods(service: kube.Service, pods: PodIndex) -> tuple[PodFacts, ...]:
    """The pods that a Service sends to now, in order of their names."""
    return tuple(
        pod
        for pod in pods.select(service.metadata.namespace, service.spec.selector)
        if pod.address
        and not pod.is_terminating
        and (pod.is_ready or service.spec.publish_not_ready_addresses)
    )


def _pod_endpoints(
    service: kube.Service,
    port: ServicePort,
    pods: PodIndex,
    *,
    labels: frozenset[str],
    settings: MeshSettings,
) -> Iterable[Endpoint]:
    for pod in serving_pods(service, pods):
        number = target_port(pod.pod, port.target_port)
        if number is None:
            continue
        yield Endpoint(
            address=pod.address,
            port=number,
            labels=_matchable(
                pod.labels, labels, network=pod.network, locality=pod.locality, settings=settings
            ),
            accepts_mtls=pod.accepts_mtls(number),
            identity=pod.identity,
            workload=pod.name,
            network=pod.network,
            locality=pod.locality,
        )


def _listed_endpoints(
    registered: Registered, port: ServicePort, *, labels: frozenset[str], settings: MeshSettings
) -> Iterable[Endpoint]:
    service = registered.service
    for listed in _written(registered.entry, service):
        network = listed.network or local_network(settings)
        yield Endpoint(
            address=listed.address,
            port=listed.ports.get(port.name, int(port.target_port)),
            labels=_matchable(
                listed.labels, labels, network=network, locality=listed.locality, settings=settings
            ),
            accepts_mtls=_listed_accepts_mtls(listed, service),
            identity=_listed_identity(listed, service, settings),
            workload="",
            network=network,
            locality=listed.locality,
            weight=listed.weight or 1,
        )


def _written(entry: ServiceEntry | None, service: Service) -> Iterable[WorkloadEntrySpec]:
    if entry is None:
        return ()
    if not entry.spec.endpoints and entry.spec.resolution is not Resolution.STATIC:
        return (WorkloadEntrySpec(address=service.hostname),)
    return tuple(endpoint for endpoint in entry.spec.endpoints if endpoint.address)


def _listed_accepts_mtls(endpoint: WorkloadEntrySpec, service: Service) -> bool:
    mode = endpoint.labels.get(TLS_MODE_LABEL)
    if mode is not None:
        return mode == "istio"
    return not service.is_external and bool(endpoint.service_account)


def _listed_identity(endpoint: WorkloadEntrySpec, service: Service, settings: MeshSettings) -> str:
    if not endpoint.service_account:
        return ""
    return spiffe_id(settings.trust_domain, service.namespace, endpoint.service_account)


def _matchable(
    own: Mapping[str, str], keys: frozenset[str], *, network: str, locality: str, settings: MeshSettings
) -> Labels:
    if not keys:
        return ()
    region, zone, subzone = [*locality.split("/"), "", "", ""][:3]
    topology = {
        CLUSTER_LABEL: str(settings.cluster_id),
        NETWORK_LABEL: network,
        REGION_LABEL: region,
        ZONE_LABEL: zone,
        SUBZONE_LABEL: subzone,
    }
    # What an address of a ServiceEntry says of itself counts: it may well be in another cluster.
    labels = {**{key: value for key, value in topology.items() if value}, **own}
    return tuple(sorted((key, labels[key]) for key in keys & labels.keys()))
