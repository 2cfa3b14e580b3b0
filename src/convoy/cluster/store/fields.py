"""Field selectors: which fields of which resources can be selected by, and whether an object has them.

The list of fields is that of Kubernetes 1.32
(https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/#list-of-supported-fields);
anything else is refused, because an unknown field that silently matched nothing would look like an answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request

_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicationcontrollers": ("status.replicas",),
    "apps/replicasets": ("status.replicas",),
    "batch/jobs": ("status.successful",),
    "certificates.k8s.io/certificatesigningrequests": ("spec.signerName",),
}
# What an absent field compares as: Go's zero value, printed.
_ZERO = {
    "spec.hostNetwork": "false",
    "spec.unschedulable": "false",
    "status.replicas": "0",
    "status.successful": "0",
}
_TERM = re.compile(r"((?:[^\\,]|\\.)*)(,|$)", re.DOTALL)
_PARTS = re.compile(r"((?:[^\\=!]|\\.|!(?!=))*)(!=|==|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One field equals a value, or does not."""

    path: str
    value: str
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Every requirement must hold."""

    requirements: tuple[FieldRequirement, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether it selects whatever there is."""
        return not self.requirements

    def exact(self, path: str) -> str | None:
        """The value that a field must have, if it must have one."""
        equal = (each.value for each in self.requirements if each.path == path and each.is_equal)
        return next(equal, None)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether it selects an object."""
        return all((_value(obj, each.path) == each.value) == each.is_equal for each in self.requirements)


ANY_FIELDS = FieldSelector()


def parse_field_selector(resource: Resource, text: str, *, selectable: Sequence[str] = ()) -> FieldSelector:
    """The selector of `?fieldSelector=` on a resource; raises StatusError 400.

    `selectable` are the fields that a custom resource's definition allows besides name and namespace.
    """
    requirements = []
    for term in _terms(text):
        parts = _PARTS.fullmatch(term)
        if parts is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        path, sign, value = parts.groups()
        _check_field(resource, path, selectable)
        requirements.append(FieldRequirement(path, _unescape(value, text), sign != "!="))
    return FieldSelector(tuple(requirements))


def _terms(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise bad_request("invalid field selector: unfinished escape sequence")
        if match[1]:
            yield match[1]
        position = match.end()


def _unescape(value: str, text: str) -> str:
    if re.search(r"\\[^\\,=]", value):
        raise bad_request(f"invalid field selector: invalid escape sequence in '{text}'")
    if re.search(r"(?<!\\)(?:\\\\)*=", value):
        raise bad_request(f"invalid field selector: invalid value: unescaped character in input: '{value}'")
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)


def _check_field(resource: Resource, path: str, selectable: Sequence[str]) -> None:
    if path == "metadata.name" or (path == "metadata.namespace" and resource.namespaced):
        return
    known = _FIELDS.get(resource.storage)
    if path in (known or ()) or path in selectable:
        return
    if known is not None or resource.is_custom:
        raise bad_request(f"field label not supported: {path}")
    raise bad_request(f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"')


def _value(obj: Mapping[str, Any], path: str) -> str:
    """A field as text, as the selector compares it; the API's names differ from the object's in a few."""
    if path == "source":
        source = (obj.get("source") or {}).get("component")
        return str(source or obj.get("reportingComponent") or "")
    if path == "status.podIPs":
        return ",".join(entry.get("ip", "") for entry in (obj.get("status") or {}).get("podIPs") or ())
    found: Any = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        return _ZERO.get(path, "")
    return str(found).lower() if isinstance(found, bool) else str(found)
