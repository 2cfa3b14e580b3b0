"""EnvoyFilter: whether patches are whole, and whether what they match is what they change.

Whether a patch's value is the Envoy message it should be is found out where patches are applied: this room
does not know Envoy's messages.
"""

from collections.abc import Iterator, Sequence

from convoy.api import codes
from convoy.api.istio.envoy_filter import (
    ApplyTo,
    ConfigPatch,
    EnvoyFilter,
    FilterMatch,
    ListenerMatch,
    ObjectMatch,
    Operation,
    PatchContext,
)
from convoy.api.paths import item_path, quote
from convoy.api.validation.finding import LONGEST_REGEX, Findings
from convoy.api.validation.json_values import DEEPEST_VALUE, HEAVIEST_VALUE, measure_value
from convoy.api.validation.selectors import check_selector, check_targets

# Each is held against every listener, cluster or route of a proxy.
_MOST_PATCHES = 500
_CONNECTION_MANAGERS = ("envoy.filters.network.http_connection_manager", "envoy.http_connection_manager")
# The kind of match each class of objects goes with; the others go with any.
_MATCHES = {
    **dict.fromkeys(
        (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN, ApplyTo.NETWORK_FILTER, ApplyTo.HTTP_FILTER), "listener"
    ),
    **dict.fromkeys(
        (ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE), "routeConfiguration"
    ),
    ApplyTo.CLUSTER: "cluster",
}


def validate_envoy_filter(obj: EnvoyFilter, found: Findings) -> None:
    """Every rule of the kind; each filter gets a warning, because it depends on how Convoy builds."""
    spec = obj.spec
    message = "depends on how proxies are configured inside, which may change at any time."
    found.add(codes.RISKY, "spec", message, "Use another kind where one can say the same.")
    check_selector("spec.workloadSelector", spec.workload_selector, found)
    check_targets("spec.targetRefs", spec.target_refs, found)
    if spec.workload_selector is not None and spec.target_refs:
        message = "excludes targetRefs, but both are set."
        found.add(codes.CONFLICT, "spec.workloadSelector", message, "Keep one of them.")
    _check_amount(spec.config_patches, found)
    for i, patch in enumerate(spec.config_patches[:_MOST_PATCHES]):
        _check_patch(item_path("spec.configPatches", i), patch, found)


def _check_amount(patches: Sequence[ConfigPatch], found: Findings) -> None:
    """What the control plane can make of one object without keeping all proxies waiting."""
    path = "spec.configPatches"
    if len(patches) > _MOST_PATCHES:
        message = f"has {len(patches)} patches, and {_MOST_PATCHES} is the most."
        found.add(codes.BAD_NUMBER, path, message, "Make several objects of it.")
    sizes = [measure_value(patch.patch.value) for patch in patches if patch.patch]
    weight, depth = sum(size for size, _ in sizes), max((depth for _, depth in sizes), default=0)
    if weight > HEAVIEST_VALUE:
        message = f"has values of {weight} parts in all, and {HEAVIEST_VALUE} is the most."
        found.add(codes.BAD_NUMBER, path, message, "Make several objects of it.")
    if depth > DEEPEST_VALUE:
        message = f"has a value that is nested {depth} deep, and {DEEPEST_VALUE} is the most."
        found.add(codes.BAD_NUMBER, path, message, "Write less into one message.")


def _check_patch(path: str, patch: ConfigPatch, found: Findings) -> None:
    match = patch.match
    if match is not None:
        _check_waypoint(f"{path}.match", match, found)
        if match.context is PatchContext.WAYPOINT:
            return
    if patch.apply_to is ApplyTo.INVALID:
        found.add(codes.MISSING_FIELD, f"{path}.applyTo", "is required but missing.", "Say what it changes.")
    if patch.patch is None:
        found.add(codes.MISSING_FIELD, f"{path}.patch", "is required but missing.", "Say what to change.")
    elif patch.patch.operation is Operation.INVALID:
        remedy = "Say how to change it, such as MERGE."
        found.add(codes.MISSING_FIELD, f"{path}.patch.operation", "is required but missing.", remedy)
    elif patch.patch.value is None and patch.patch.operation is not Operation.REMOVE:
        message = f"is required for {patch.patch.operation}, but missing."
        found.add(codes.MISSING_FIELD, f"{path}.patch.value", message, "Say what to put there.")
    if match is not None:
        _check_match(f"{path}.match", match, patch.apply_to, found)


def _check_waypoint(path: str, match: ObjectMatch, found: Findings) -> None:
    is_context = match.context is PatchContext.WAYPOINT
    if is_context != (match.waypoint is not None):
        message = "goes with the context WAYPOINT, and only with it."
        found.add(codes.CONFLICT, f"{path}.waypoint", message, "Set both or neither.")


def _check_match(path: str, match: ObjectMatch, apply_to: ApplyTo, found: Findings) -> None:
    kinds = {
        "listener": match.listener,
        "routeConfiguration": match.route_configuration,
        "cluster": match.cluster,
    }
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    wanted = _MATCHES.get(apply_to)
    for name in given if len(given) == 1 and wanted else ():
        if name != wanted:
            message = f"does not go with applyTo {apply_to}."
            found.add(codes.CONFLICT, f"{path}.{name}", message, f"Use {wanted}.")
    if match.proxy is not None and match.proxy.proxy_version:
        _check_version(f"{path}.proxy.proxyVersion", match.proxy.proxy_version, found)
    if match.listener is not None and wanted == "listener":
        for here, one in _filter_of(f"{path}.listener", match.listener):
            _check_filter(here, one, apply_to, found)


def _check_version(path: str, pattern: str, found: Findings) -> None:
    if len(pattern) > LONGEST_REGEX:
        message = f"is longer than {LONGEST_REGEX} characters, so the condition is ignored."
        found.add(codes.NO_EFFECT, path, message, r"Write one such as 1\.30.*")
    else:
        found.check_regex(path, pattern)


def _filter_of(path: str, match: ListenerMatch) -> Iterator[tuple[str, FilterMatch]]:
    if match.filter_chain is not None and match.filter_chain.filter is not None:
        yield f"{path}.filterChain.filter", match.filter_chain.filter


def _check_filter(path: str, match: FilterMatch, apply_to: ApplyTo, found: Findings) -> None:
    if apply_to in (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN):
        message = f"has no effect with applyTo {apply_to}."
        found.add(codes.NO_EFFECT, path, message, "Remove it, or use NETWORK_FILTER or HTTP_FILTER.")
    if not match.name:
        found.add(codes.MISSING_FIELD, f"{path}.name", "is required but missing.", "Name the filter.")
        return
    if match.sub_filter is None:
        return
    here = f"{path}.subFilter"
    if apply_to is not ApplyTo.HTTP_FILTER:
        message = f"is an HTTP filter, which does not go with applyTo {apply_to}."
        found.add(codes.CONFLICT, here, message, "Use applyTo HTTP_FILTER.")
    elif match.name not in _CONNECTION_MANAGERS:
        message = f"is an HTTP filter, but {quote(match.name)} has none."
        found.add(codes.CONFLICT, here, message, f"Match {_CONNECTION_MANAGERS[0]}.")
    elif not match.sub_filter.name:
        found.add(codes.MISSING_FIELD, f"{here}.name", "is required but missing.", "Name the HTTP filter.")
