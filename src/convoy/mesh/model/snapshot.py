"""One cluster's mesh at one moment."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from convoy.api.istio.workload_group import ReadinessProbe
from convoy.api.meta import Hostname, Namespace, ObjectKey
from convoy.mesh.model.gateways import GatewayView
from convoy.mesh.model.proxies import GatewayAddress, Workload
from convoy.mesh.model.services import Endpoint, EndpointKey, Service
from convoy.mesh.model.settings import MeshSettings
from convoy.mesh.model.upstreams import Assignment, UpstreamKey
from convoy.mesh.model.views import SidecarView, ViewKey


class MeshSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster's mesh at one moment. Mappings are in sorted order of their keys."""

    number: int
    """The number of the ConfigView it was made from."""
    settings: MeshSettings
    services: Mapping[Hostname, Service]
    endpoints: Mapping[EndpointKey, tuple[Endpoint, ...]]
    sidecar_views: Mapping[ViewKey, SidecarView]
    gateway_views: Mapping[ViewKey, GatewayView]
    assignments: Mapping[UpstreamKey, Assignment]
    workloads: Mapping[str, Workload]
    names: Mapping[Namespace, Mapping[str, tuple[str, ...]]]
    """By namespace of the asking pod: lower-case host (or `*.suffix`) to addresses; a name known to have no
    address is absent."""
    scoped_names: Mapping[ViewKey, Mapping[str, tuple[str, ...]]] = {}
    """The same for the pods of views whose Sidecar limits what they see."""
    view_assignments: Mapping[ViewKey, Mapping[UpstreamKey, Assignment]] = {}
    """Where one view's endpoints differ from `assignments`: a DestinationRule of its own namespace chooses
    other labels, or it sees another network. Mostly empty."""
    gateway_addresses: tuple[GatewayAddress, ...] = ()
    sources: Mapping[Hostname, ObjectKey] = {}
    """The object that each service comes from."""
    probes: Mapping[str, ReadinessProbe] = {}
    """How a member of a WorkloadGroup is asked whether it is ready, by `<pod>.<namespace>`."""
    valid_until: datetime | None = None
    """When the first certificate in use expires; then the same objects mean something else."""

    def assignment(self, view: ViewKey, key: UpstreamKey) -> Assignment | None:
        """The endpoints of an upstream as seen from a view; None for upstreams that have no assignment."""
        own = self.view_assignments.get(view, {})
        return own.get(key) or self.assignments.get(key)
