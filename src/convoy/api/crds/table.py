"""How a cluster names and shows the Istio kinds: versions, short names, columns, all as Istio has them."""

import msgspec

from convoy.api.base import ApiObject
from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.istio.gateway import Gateway
from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.sidecar import Sidecar
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.istio.workload_entry import WorkloadEntry
from convoy.api.istio.workload_group import WorkloadGroup

NETWORKING = "networking.istio.io"
SECURITY = "security.istio.io"
TELEMETRY = "telemetry.istio.io"
EXTENSIONS = "extensions.istio.io"


class Column(msgspec.Struct, frozen=True):
    """What `kubectl get` prints besides the name."""

    name: str
    path: str
    description: str
    type: str = "string"


class CrdKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind as a cluster knows it. The first of `versions` is kept in its storage.

    Without `struct` nothing is known of its spec, and `effect` says what becomes of its objects.
    """

    name: str
    plural: str
    group: str
    versions: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    struct: type[ApiObject] | None = None
    about: str = ""
    effect: str = ""


_THREE = ("v1", "v1beta1", "v1alpha3")
_TWO = ("v1", "v1beta1")
_REFUSED = "Not supported by Convoy yet: objects are refused."
_UNUSED = "Not supported by Convoy yet: objects are accepted with a warning and have no effect."
_AGE = Column("Age", ".metadata.creationTimestamp", "When the object was created.", type="date")

BUILT: tuple[CrdKind, ...] = (
    CrdKind(
        name="DestinationRule",
        plural="destinationrules",
        group=NETWORKING,
        versions=_THREE,
        short_names=("dr",),
        columns=(Column("Host", ".spec.host", "The host whose traffic it is for."), _AGE),
        struct=DestinationRule,
        about="Subsets of a host, and the policy for traffic to it once it was routed.",
    ),
    CrdKind(
        name="EnvoyFilter",
        plural="envoyfilters",
        group=NETWORKING,
        versions=("v1alpha3",),
        struct=EnvoyFilter,
        about="Changes of what Envoy is configured with.",
    ),
    CrdKind(
        name="Gateway",
        plural="gateways",
        group=NETWORKING,
        versions=_THREE,
        short_names=("gw",),
        struct=Gateway,
        about="What a gateway proxy at the edge of the mesh listens for.",
    ),
    CrdKind(
        name="PeerAuthentication",
        plural="peerauthentications",
        group=SECURITY,
        versions=_TWO,
        short_names=("pa",),
        columns=(Column("Mode", ".spec.mtls.mode", "What mutual TLS is asked of connections."), _AGE),
        struct=PeerAuthentication,
        about="Which inbound connections of workloads must be mutual TLS.",
    ),
    CrdKind(
        name="ProxyConfig",
        plural="proxyconfigs",
        group=NETWORKING,
        versions=("v1beta1",),
        struct=ProxyConfig,
        about="With what the proxies of a namespace, or some of them, are started.",
    ),
    CrdKind(
        name="ServiceEntry",
        plural="serviceentries",
        group=NETWORKING,
        versions=_THREE,
        short_names=("se",),
        columns=(
            Column("Hosts", ".spec.hosts", "The hosts it adds."),
            Column("Location", ".spec.location", "Whether its endpoints belong to the mesh."),
            Column("Resolution", ".spec.resolution", "How its endpoints are found."),
            _AGE,
        ),
        struct=ServiceEntry,
        about="A service that the cluster's own registry does not have.",
    ),
    CrdKind(
        name="Sidecar",
        plural="sidecars",
        group=NETWORKING,
        versions=_THREE,
        struct=Sidecar,
        about="What the sidecars of a namespace, or some of them, know and let through.",
    ),
    CrdKind(
        name="VirtualService",
        plural="virtualservices",
        group=NETWORKING,
        versions=_THREE,
        short_names=("vs",),
        columns=(
            Column("Gateways", ".spec.gateways", "The gateways and sidecars that route so."),
            Column("Hosts", ".spec.hosts", "The hosts whose requests it routes."),
            _AGE,
        ),
        struct=VirtualService,
        about="How requests for a host are routed.",
    ),
    CrdKind(
        name="WorkloadEntry",
        plural="workloadentries",
        group=NETWORKING,
        versions=_THREE,
        short_names=("we",),
        columns=(_AGE, Column("Address", ".spec.address", "Where the workload is.")),
        struct=WorkloadEntry,
        about="A workload that is no pod.",
    ),
    CrdKind(
        name="WorkloadGroup",
        plural="workloadgroups",
        group=NETWORKING,
        versions=_THREE,
        short_names=("wg",),
        columns=(_AGE,),
        struct=WorkloadGroup,
        about="What WorkloadEntries of one kind have in common.",
    ),
)

UNBUILT: tuple[CrdKind, ...] = (
    CrdKind(
        name="AuthorizationPolicy",
        plural="authorizationpolicies",
        group=SECURITY,
        versions=_TWO,
        short_names=("ap",),
        columns=(Column("Action", ".spec.action", "What becomes of matching requests."), _AGE),
        about="Which requests a workload answers.",
        effect=_REFUSED,
    ),
    CrdKind(
        name="RequestAuthentication",
        plural="requestauthentications",
        group=SECURITY,
        versions=_TWO,
        short_names=("ra",),
        about="Which tokens requests to a workload may bring.",
        effect=_REFUSED,
    ),
    CrdKind(
        name="Telemetry",
        plural="telemetries",
        group=TELEMETRY,
        versions=("v1alpha1", "v1"),
        short_names=("telemetry",),
        columns=(_AGE,),
        about="What proxies log, count and trace.",
        effect=_UNUSED,
    ),
    CrdKind(
        name="WasmPlugin",
        plural="wasmplugins",
        group=EXTENSIONS,
        versions=("v1alpha1",),
        columns=(_AGE,),
        about="Programs that proxies run over requests.",
        effect=_REFUSED,
    ),
)

CRD_KINDS: tuple[CrdKind, ...] = (*BUILT, *UNBUILT)
