"""What the mesh reads off a pod, and the search for the pods a selector selects.

A pod takes part with a sidecar (the injected label says so) or is a gateway. A pod of a cluster is ready when
its condition of that name says so; pods of a folder of files have no conditions at all and count as ready as
soon as they have an address.
"""

from collections.abc import Iterator, Mapping

import msgspec

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.kube import core as kube
from convoy.api.meta import Namespace
from convoy.mesh.identities import spiffe_id
from convoy.mesh.model import MeshSettings
from convoy.mesh.peer_authentication import Modes, PeerPolicies

TLS_MODE_LABEL = "security.istio.io/tlsMode"
NETWORK_LABEL = "topology.istio.io/network"
CLUSTER_LABEL = "topology.istio.io/cluster"
REGION_LABEL = "topology.kubernetes.io/region"
ZONE_LABEL = "topology.kubernetes.io/zone"
SUBZONE_LABEL = "topology.istio.io/subzone"

_LOCALITY_LABEL = "istio-locality"
_PLACES = (REGION_LABEL, ZONE_LABEL, SUBZONE_LABEL)
_PROXY = "istio-proxy"
_TEMPLATES = "inject.istio.io/templates"
_NETWORK_VIEW = "ISTIO_META_REQUESTED_NETWORK_VIEW"
GROUP_VARIABLE = "ISTIO_META_AUTO_REGISTER_GROUP"


class PodFacts(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A pod that has not finished. `network_view` is the network whose endpoints its proxy may use."""

    pod: kube.Pod
    name: str
    namespace: Namespace
    labels: Mapping[str, str]
    address: str
    identity: str
    has_sidecar: bool
    is_gateway: bool
    is_ready: bool
    is_terminating: bool
    network: str
    network_view: str
    locality: str
    modes: Modes
    group: str = ""
    """The WorkloadGroup of its namespace that its proxy joins; empty: none."""

    @property
    def has_proxy(self) -> bool:
        """Whether it has a sidecar or is a gateway."""
        return self.has_sidecar or self.is_gateway

    def accepts_mtls(self, port: int) -> bool:
        """Whether its sidecar takes mutual TLS on this target port."""
        return self.has_sidecar and self.modes.of(port) is not MtlsMode.DISABLE


def has_finished(pod: kube.Pod) -> bool:
    """Whether a pod is over, and so is no part of the mesh."""
    return pod.status.phase in ("Succeeded", "Failed")


def local_network(settings: MeshSettings) -> str:
    """The network that pods are on unless a label says otherwise."""
    return settings.network or settings.cluster_id


def target_port(pod: kube.Pod, target: int | str) -> int | None:
    """The number of a target port; None when the pod has no container port of that name."""
    if isinstance(target, int) or target.isdigit():
        return int(target)
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    ports = (port for container in containers for port in container.ports if port.protocol == "TCP")
    return next((port.container_port for port in ports if port.name == target), None)


def build_pod_facts(
    pod: kube.Pod, policies: PeerPolicies, settings: MeshSettings, node_labels: Mapping[str, str]
) -> PodFacts:
    """What the mesh reads off a pod; `node_labels` are those of the node that it runs on."""
    metadata = pod.metadata
    labels = metadata.labels
    network = labels.get(NETWORK_LABEL) or local_network(settings)
    runs_alone = is_gateway(pod)
    return PodFacts(
        pod=pod,
        name=f"{metadata.name}.{metadata.namespace}",
        namespace=Namespace(metadata.namespace),
        labels=labels,
        address=pod.status.pod_ip,
        identity=spiffe_id(
            settings.trust_domain,
            metadata.namespace,
            pod.spec.service_account_name or pod.spec.service_account,
        ),
        # A gateway opens no mutual TLS of its own, although injection marks it like any other pod.
        has_sidecar=not runs_alone and labels.get(TLS_MODE_LABEL) == "istio",
        is_gateway=runs_alone,
        is_ready=_is_ready(pod),
        is_terminating=bool(metadata.deletion_timestamp),
        network=network,
        network_view=_proxy_variable(pod, _NETWORK_VIEW) or network,
        locality=pod_locality(labels, node_labels),
        modes=policies.modes(metadata.namespace, labels),
        group=_proxy_variable(pod, GROUP_VARIABLE),
    )


def is_gateway(pod: kube.Pod) -> bool:
    """Whether a pod is an Envoy of its own, beside no application."""
    templates = pod.metadata.annotations.get(_TEMPLATES, "").split(",")
    if "gateway" in (template.strip() for template in templates):
        return True
    return any("router" in container.args for container in _proxies(pod))


def _proxy_variable(pod: kube.Pod, name: str) -> str:
    values = (env.value for proxy in _proxies(pod) for env in proxy.env if env.name == name)
    return next(values, "")


def _proxies(pod: kube.Pod) -> Iterator[kube.Container]:
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    return (container for container in containers if container.name == _PROXY)


def _is_ready(pod: kube.Pod) -> bool:
    """As the kubelet says, who takes probes and readiness gates into account: silence means not yet."""
    conditions = pod.status.conditions
    return not conditions or any(each.type == "Ready" and each.status == "True" for each in conditions)


def pod_locality(labels: Mapping[str, str], node_labels: Mapping[str, str]) -> str:
    """`region/zone/subzone`, cut after the last part that is known.

    What a pod's own label `istio-locality` says counts (its parts have dots between them), then its other
    labels of the kind, then those of the node that it runs on.
    """
    if stated := labels.get(_LOCALITY_LABEL):
        return "/".join(stated.split("." if "." in stated else "/")[:3]).rstrip("/")
    places = labels if any(labels.get(label) for label in _PLACES) else node_labels
    return "/".join(places.get(label, "") for label in _PLACES).rstrip("/")
