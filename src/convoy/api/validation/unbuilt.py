"""Fields and values of the API that Convoy does not support yet: refused by name, never silently accepted.

`NOT_BUILT` lists per kind what does not work, in one place; everything else of the kind's shape does. A line
`field` stands for the field with all it contains; `field = A B` for these values alone (compared without
regard to case), also where the field is left out and its default is one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.paths import child_path, item_path, quote
from convoy.api.problems import Problem

NOT_BUILT: Mapping[str, str] = {
    "VirtualService": "",
    "DestinationRule": "",
    "ServiceEntry": "",
    "Gateway": "",
    "EnvoyFilter": "",
    "PeerAuthentication": "",
    "WorkloadEntry": "",
    "WorkloadGroup": "",
    "Sidecar": "",
    "ProxyConfig": "",
}


class NoEffect(msgspec.Struct, frozen=True):
    """Why stock Envoy cannot do what a field says, and the address of the Envoy document that shows it."""

    reason: str
    address: str


_ENVOY = "https://www.envoyproxy.io/docs/envoy/latest"

_WAYPOINT = NoEffect(
    "Waypoints are proxies of Istio's ambient mode, at the end of tunnels that Convoy does not build: its "
    "proxies are sidecars and gateways.",
    f"{_ENVOY}/configuration/other_features/internal_listener",
)

# By kind and field of its `spec`: refused, or accepted with a warning (codes.NO_EFFECT). At most 20 in all.
EFFECTLESS: Mapping[str, Mapping[str, NoEffect]] = {
    "VirtualService": {
        "tcp.match.sourceSubnet": NoEffect(
            "Istio's API keeps it for old files and gives it no meaning; a sidecar has one client.",
            f"{_ENVOY}/api-v3/config/listener/v3/listener_components.proto",
        ),
        "http.fault.delay.exponentialDelay": NoEffect(
            "Envoy's fault filter knows fixed delays only, and Istio refuses the field; so does Convoy.",
            f"{_ENVOY}/configuration/http/http_filters/fault_filter",
        ),
        "http.fault.abort.http2Error": NoEffect(
            "Envoy's fault filter aborts with a status of HTTP or gRPC only, and Istio refuses the field; so "
            "does Convoy.",
            f"{_ENVOY}/configuration/http/http_filters/fault_filter",
        ),
    },
    "Gateway": {
        "servers.defaultEndpoint": NoEffect(
            "Istio's API hides it: there is no application beside a gateway's Envoy, which goes by routes.",
            f"{_ENVOY}/intro/arch_overview/http/http_routing",
        ),
        "servers.port.targetPort": NoEffect(
            "Envoy binds one port, which the gateway's Service says already; Istio refuses the field, and so "
            "does Convoy.",
            f"{_ENVOY}/api-v3/config/listener/v3/listener.proto",
        ),
    },
    "EnvoyFilter": {
        "targetRefs.group": NoEffect(
            "Each kind of target is in one group, so the kind says which; Envoy knows neither.",
            f"{_ENVOY}/api-v3/config/core/v3/base.proto",
        ),
        "targetRefs.namespace": NoEffect(
            "Istio refuses targets elsewhere, and so does Convoy; Envoy's nodes know no targets.",
            f"{_ENVOY}/api-v3/config/core/v3/base.proto",
        ),
        "configPatches.match.waypoint.portNumber": _WAYPOINT,
        "configPatches.match.waypoint.filter.name": _WAYPOINT,
        "configPatches.match.waypoint.filter.subFilter.name": _WAYPOINT,
        "configPatches.match.waypoint.route.name": _WAYPOINT,
        "configPatches.match.listener.portName": NoEffect(
            "Envoy's listeners know no names of ports, and Istio does not look at it.",
            f"{_ENVOY}/api-v3/config/listener/v3/listener.proto",
        ),
    },
    "Sidecar": {
        "ingress.port.targetPort": NoEffect(
            "Istio refuses the field; where the application listens is said by defaultEndpoint.",
            f"{_ENVOY}/api-v3/config/listener/v3/listener_components.proto",
        ),
        "egress.port.targetPort": NoEffect(
            "Istio refuses the field; endpoints have the ports of their own services.",
            f"{_ENVOY}/api-v3/config/listener/v3/listener_components.proto",
        ),
    },
    "ProxyConfig": {
        "image.imageType": NoEffect(
            "Proxies run in one image; which one is no matter of Envoy's configuration.",
            f"{_ENVOY}/start/docker",
        ),
    },
    "MeshConfig": {
        "trustDomain": NoEffect(
            "The control plane is started with its trust domain, and tells when the field differs.",
            f"{_ENVOY}/api-v3/extensions/transport_sockets/tls/v3/common.proto",
        ),
        "rootNamespace": NoEffect(
            "The control plane is started with it: the field stands in an object of that namespace.",
            f"{_ENVOY}/intro/arch_overview/operations/dynamic_configuration",
        ),
        "defaultConfig.holdApplicationUntilProxyStarts": NoEffect(
            "Sidecars are init containers that go on running: applications always start after them.",
            f"{_ENVOY}/operations/cli",
        ),
    },
}


class Gap(msgspec.Struct):
    """What is not built below a field: named fields, or certain values, or everything."""

    fields: dict[str, "Gap"] = {}
    values: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is built."""
        return not self.fields and not self.values

    def below(self, field: str) -> "Gap | None":
        """What is not built of a field within; None when all of it is."""
        return self.fields.get(field)


def _tree(lines: str) -> Gap | None:
    root = Gap()
    for line in filter(str.strip, lines.split("\n")):
        path, _, values = line.partition("=")
        node = root
        for name in path.strip().split("."):
            node = node.fields.setdefault(name, Gap())
        node.values = frozenset(values.split())
    return root if root.fields else None


_GAPS = {kind: _tree(lines) for kind, lines in NOT_BUILT.items()}


def gap_of(kind: str) -> Gap | None:
    """What is not built of the spec of a kind; None when all of it is, as with Kubernetes' own kinds."""
    return _GAPS.get(kind)


def find_unbuilt(obj: ApiObject) -> list[Problem]:
    """Every field or value of the object's spec that is set but not supported, and warnings of those that
    have no effect; none for Kubernetes kinds.
    """
    gap, effectless = gap_of(obj.kind), EFFECTLESS.get(obj.kind, {})
    spec = getattr(obj, "spec", None)
    found = list(_walk(spec, gap, "spec")) if gap else []
    for path, excuse in effectless.items():
        for here in _set_at(spec, path.split("."), "spec"):
            message = f"has no effect. {excuse.reason}"
            found.append(Problem(code=codes.NO_EFFECT, field=here, message=message, remedy="Remove it."))
    return found


def _set_at(value: Any, names: Sequence[str], path: str) -> Iterator[str]:
    """Where a field is set to something else than its default, in all elements of lists on the way."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _set_at(item, names, item_path(path, i))
        return
    if not isinstance(value, msgspec.Struct):
        return
    for field in _fields(type(value)):
        if field.encode_name != names[0]:
            continue
        inner, here = getattr(value, field.name), child_path(path, field.encode_name)
        if len(names) > 1:
            yield from _set_at(inner, names[1:], here)
        elif inner != _default(field):
            yield here


def _walk(value: Any, gap: Gap, path: str) -> Iterator[Problem]:
    if value is None:
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _walk(item, gap, item_path(path, i))
    elif gap.values:
        if str(value).upper() in gap.values:
            yield _problem(path, f"{quote(str(value))} is not supported yet.", "Use another value.")
    elif isinstance(value, msgspec.Struct):
        yield from _walk_struct(value, gap, path)


def _walk_struct(value: msgspec.Struct, gap: Gap, path: str) -> Iterator[Problem]:
    for field in _fields(type(value)):
        below = gap.below(field.encode_name)
        if below is None:
            continue
        inner, here = getattr(value, field.name), child_path(path, field.encode_name)
        if not below.is_whole:
            yield from _walk(inner, below, here)
        elif inner != _default(field):
            yield _problem(here, "is not supported yet.", "Remove the field.")


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(struct)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _problem(path: str, message: str, remedy: str) -> Problem:
    return Problem(code=codes.NOT_BUILT_FIELD, field=path, message=message, remedy=remedy)
