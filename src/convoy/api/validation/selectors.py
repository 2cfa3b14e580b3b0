"""Selectors of workloads, and references to what a policy attaches to."""

from collections.abc import Mapping, Sequence

from convoy.api import codes
from convoy.api.istio.common import LabelsSelector, TargetReference, WorkloadSelector
from convoy.api.paths import child_path, item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

_TARGETS = (
    ("", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
)


def check_selector(path: str, selector: LabelsSelector | WorkloadSelector | None, found: Findings) -> None:
    """Labels that can be compared; one without labels selects everything, which is a warning."""
    if selector is None:
        return
    if isinstance(selector, LabelsSelector):
        member, labels = "labels", selector.labels
    else:
        member, labels = "matchLabels", selector.match_labels
    if not labels:
        message = "has no labels, so it selects all workloads."
        found.add(codes.NO_EFFECT, path, message, "Add labels, or remove the selector.")
    check_selector_labels(f"{path}.{member}", labels, found)


def check_selector_labels(path: str, labels: Mapping[str, str], found: Findings) -> None:
    """Labels that workloads are compared with: whole keys and values, nothing with `*`."""
    for key, value in labels.items():
        here = child_path(path, key)
        if not key:
            found.add(codes.BAD_SELECTOR, here, "has no key.", "Name the label.")
        elif "*" in key or "*" in value:
            message = f"{quote(f'{key}: {value}')} has a wildcard, but labels are compared as they are."
            found.add(codes.BAD_SELECTOR, here, message, "Write the label in full.")
        elif not names.is_label_key(key):
            remedy = 'Use a name such as "app", or "example.com/app".'
            found.add(codes.BAD_SELECTOR, here, f"{quote(key)} is not a label key.", remedy)
        elif not names.is_label_value(value):
            remedy = 'Use up to 63 letters, digits, "-", "_" and ".".'
            found.add(codes.BAD_SELECTOR, here, f"{quote(value)} is not a label value.", remedy)


def check_targets(path: str, targets: Sequence[TargetReference], found: Findings) -> None:
    """References to objects of the own namespace, of kinds that policies attach to."""
    for i, target in enumerate(targets):
        here = item_path(path, i)
        if not target.name:
            found.add(codes.EMPTY, f"{here}.name", "is empty.", "Name the object.")
        if target.namespace:
            message = f"{quote(target.namespace)} is a namespace, but only the own one counts."
            found.add(codes.BAD_REFERENCE, f"{here}.namespace", message, "Remove it.")
        if (target.group.removeprefix("core"), target.kind) not in _TARGETS:
            known = ", ".join(f"{kind} of {group}" if group else kind for group, kind in _TARGETS)
            message = f"{quote(target.kind)} of group {quote(target.group)} cannot be attached to."
            found.add(codes.BAD_REFERENCE, f"{here}.kind", message, f"Use one of {known}.")
