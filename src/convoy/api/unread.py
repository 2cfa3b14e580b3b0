"""What is said of objects whose kind has no struct: ignored, refused, or without effect.

A folder may hold anything that Kubernetes knows, so kinds of other groups are ignored with a warning. A kind
of the mesh's own groups is refused, because ignoring an AuthorizationPolicy would open what it closes; the
exceptions are those without which every request goes the same way, and what is built in.
"""

from collections.abc import Mapping
from typing import Any

from convoy.api import codes
from convoy.api.kinds import KINDS, MESH_GROUPS
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.api.schema import did_you_mean

_NETWORKING = "networking.istio.io"
_SECURITY = "security.istio.io"

_UNENFORCED = {
    (_SECURITY, "AuthorizationPolicy"): "requests that it denies would pass",
    (_SECURITY, "RequestAuthentication"): "tokens that it refuses would pass",
}
_HARMLESS = {
    ("telemetry.istio.io", "Telemetry"): "Logs, metrics and traces of proxies stay as they are.",
}

# The installer of replicated control planes (Istio 1.1 to 1.7) put this filter into ingress gateways.
_REWRITE = "envoy.filters.network.tcp_cluster_rewrite"
_GLOBAL = r"\.global$"
_LOCAL = ".svc."


def judge_unread(data: Mapping[str, Any], name: str, group: str) -> Problem:
    """The one Problem of an object whose kind is not read; an error where it must be refused."""
    if (group, name) in _UNENFORCED:
        message = f"objects of kind {name} are not enforced yet: {_UNENFORCED[group, name]}."
        return _problem(codes.NOT_BUILT_KIND, message, "Remove the object, and do not rely on it.")
    if (group, name) in _HARMLESS:
        message = f"objects of kind {name} have no effect yet. {_HARMLESS[group, name]}"
        return _problem(codes.NO_EFFECT_KIND, message, "It can stay or be removed.")
    like = did_you_mean(name, [kind.name for kind in KINDS if kind.group == group])
    hint = f'Did you mean "{like}"?' if like else ""
    if group in MESH_GROUPS:
        message = f"the kind {quote(name)} of {group} is not supported yet."
        return _problem(codes.NOT_BUILT_KIND, message, f"Remove the object. {hint}".strip())
    return _problem(codes.IGNORED_KIND, f"objects of kind {quote(name)} are ignored.", hint)


def judge_built_in(data: Mapping[str, Any], name: str, group: str) -> Problem | None:
    """The one Problem of an object of a known kind that has nothing to do: what it asks for is built in."""
    if (group, name) != (_NETWORKING, "EnvoyFilter") or not _is_global_rewrite(data.get("spec")):
        return None
    message = "gateways rewrite .global names to local ones by themselves: this filter is built in."
    return _problem(codes.BUILT_IN, message, "It can stay or be removed.")


def _is_global_rewrite(spec: Any) -> bool:
    """Whether an EnvoyFilter does nothing but insert that filter, in the form of 1.1 or the one since 1.3."""
    if not isinstance(spec, dict):
        return False
    patches, filters = spec.get("configPatches") or [], spec.get("filters") or []
    if not isinstance(patches, list) or not isinstance(filters, list):
        return False
    inserted = [_at(each, "patch", "value") for each in patches]
    found = [(_at(each, "name"), _config(each)) for each in inserted]
    found += [(_at(each, "filterName"), _at(each, "filterConfig")) for each in filters]
    return bool(found) and all(name == _REWRITE and _rewrites_global(config) for name, config in found)


def _config(inserted: Any) -> Any:
    return _at(inserted, "typed_config") or _at(inserted, "typedConfig") or _at(inserted, "config")


def _rewrites_global(config: Any) -> bool:
    config = _at(config, "value") or config  # within a TypedStruct
    replacement = _at(config, "cluster_replacement")
    is_local = isinstance(replacement, str) and replacement.startswith(_LOCAL)
    return is_local and bool(_at(config, "cluster_pattern") == _GLOBAL)


def _at(data: Any, *path: str) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _problem(code: codes.ProblemCode, message: str, remedy: str) -> Problem:
    return Problem(code=code, field="kind", message=message, remedy=remedy)
