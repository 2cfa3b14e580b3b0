"""Which part of an object a write may change: the spec, or what its subresource names; pure.

An update of the main resource leaves the status alone, an update of `status` everything else, and so on.
"""

from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import Cause, field_forbidden

_NOT_BY_STATUS = ("finalizers", "ownerReferences")


def carry_over(
    resource: Resource, subresource: str, old: dict[str, Any], sent: dict[str, Any]
) -> dict[str, Any]:
    """`sent`, with what this write may not change taken from `old`; may share parts with both."""
    match subresource:
        case "":
            return _main(resource, old, sent)
        case "status":
            return _status(resource, old, sent)
        case "approval":
            return _with_field(old, sent, "status", "conditions")
        case "finalize":
            # None at all is said by an empty list: a missing one would be filled in as for a new namespace.
            finalizers = (sent.get("spec") or {}).get("finalizers") or []
            return {**old, "spec": {**(old.get("spec") or {}), "finalizers": finalizers}}
        case "ephemeralcontainers":
            return _with_field(old, sent, "spec", "ephemeralContainers")
        case _:
            return sent


def _main(resource: Resource, old: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    if resource.subresource("status") is None:
        return sent
    merged = _replace(sent, "status", old.get("status"))
    if resource.storage == "namespaces":
        merged = _with_field(merged, old, "spec", "finalizers")
    return merged


def _status(resource: Resource, old: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    return _replace({**old, "metadata": _status_metadata(resource, old, sent)}, "status", sent.get("status"))


def _status_metadata(resource: Resource, old: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Of custom resources nothing but the owners of fields, of others labels and annotations too."""
    before, after = old["metadata"], sent["metadata"]
    metadata = dict(before) if resource.is_custom else dict(after)
    taken = [("managedFields", after)] if resource.is_custom else [(key, before) for key in _NOT_BY_STATUS]
    for key, source in taken:
        metadata.pop(key, None)
        if source.get(key) is not None:
            metadata[key] = source[key]
    return metadata


def _with_field(base: dict[str, Any], other: dict[str, Any], part: str, field: str) -> dict[str, Any]:
    """`base` with `part.field` of `other`."""
    return _replace(
        base, part, _replace(base.get(part) or {}, field, (other.get(part) or {}).get(field)) or None
    )


def _replace(base: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of `base` with a key set, or without it when the value is None; keeps the order of keys."""
    replaced = {**base, key: value}
    if value is None:
        del replaced[key]
    return replaced


def changed_debuggers(old: dict[str, Any], new: dict[str, Any]) -> list[Cause]:
    """Ephemeral containers can only be added."""
    before = (old.get("spec") or {}).get("ephemeralContainers") or ()
    after = {each["name"]: each for each in (new.get("spec") or {}).get("ephemeralContainers") or ()}
    causes = []
    for each in before:
        name = each["name"]
        if after.get(name) != each:
            how = "changed" if name in after else "removed"
            why = f'existing ephemeral containers "{name}" may not be {how}\n'
            causes.append(field_forbidden("spec.ephemeralContainers", why))
    return causes


def generation_changes(resource: Resource, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether what the user wants is different: the spec; of custom resources all but metadata and status."""
    if not resource.is_custom:
        return bool(old.get("spec") != new.get("spec"))
    ignored = {"metadata", "apiVersion", "kind"}
    if resource.subresource("status") is not None:
        ignored.add("status")
    return any(old.get(key) != new.get(key) for key in (old.keys() | new.keys()) - ignored)
