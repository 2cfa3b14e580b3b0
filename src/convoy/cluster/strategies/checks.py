"""Small checks that several kinds share; each gives the causes that it found."""

from collections.abc import Iterable, Sequence
from typing import Any

from convoy.cluster.machinery.statuses import (
    Cause,
    field_invalid,
    field_not_supported,
    field_required,
)
from convoy.cluster.schema.wording import quoted
from convoy.cluster.store.selectors import label_selector_of
from convoy.cluster.strategies.go_values import label_selector, string_map
from convoy.cluster.strategies.names import check_labels, check_qualified

_OPERATORS = ("DoesNotExist", "Exists", "In", "NotIn")


def not_negative(path: str, value: Any) -> list[Cause]:
    """A number of at least 0; absent is fine."""
    if isinstance(value, int) and value < 0:
        return [field_invalid(path, str(value), "must be greater than or equal to 0")]
    return []


def one_of(path: str, value: Any, supported: Sequence[str]) -> list[Cause]:
    """A value of a closed set; absent is fine."""
    return [field_not_supported(path, value, supported)] if value and value not in supported else []


def port_number(path: str, value: Any) -> list[Cause]:
    """A port from 1 to 65535; absent is fine."""
    if isinstance(value, int) and not 0 < value < 65536:
        return [field_invalid(path, str(value), "must be between 1 and 65535, inclusive")]
    return []


def duplicates(path: str, values: Iterable[Any], *, field: str = "name") -> list[Cause]:
    """Every value that occurred before; `path` is the list's."""
    seen: set[Any] = set()
    causes = []
    for index, value in enumerate(values):
        if value is not None and value in seen:
            shown = quoted(value) if isinstance(value, str) else str(value)
            place = f"{path}[{index}].{field}" if field else f"{path}[{index}]"
            causes.append(Cause("FieldValueDuplicate", f"Duplicate value: {shown}", place))
        seen.add(value)
    return causes


def selector_rules(path: str, selector: dict[str, Any] | None) -> list[Cause]:
    """A label selector's own rules."""
    selector = selector or {}
    causes = check_labels(f"{path}.matchLabels", selector.get("matchLabels") or {})
    for index, item in enumerate(selector.get("matchExpressions") or []):
        here = f"{path}.matchExpressions[{index}]"
        causes += check_qualified(f"{here}.key", item.get("key") or "")
        operator, values = item.get("operator") or "", item.get("values") or []
        if operator not in _OPERATORS:
            causes.append(
                field_invalid(f"{here}.operator", quoted(operator), "not a valid selector operator")
            )
        elif operator in ("In", "NotIn") and not values:
            why = "must be specified when `operator` is 'In' or 'NotIn'"
            causes.append(field_required(f"{here}.values", why))
        elif operator in ("Exists", "DoesNotExist") and values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append(Cause("FieldValueForbidden", f"Forbidden: {why}", f"{here}.values"))
    return causes


def template_selector(spec: dict[str, Any], *, kind: str = "deployment") -> list[Cause]:
    """A workload's `spec.selector` must be given, not be empty, and select its own template."""
    selector = spec.get("selector")
    if selector is None:
        return [field_required("spec.selector")]
    causes = selector_rules("spec.selector", selector)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        why = f"empty selector is invalid for {kind}"
        return [*causes, field_invalid("spec.selector", label_selector(selector), why)]
    return causes or template_labels(spec, selector)


def template_labels(spec: dict[str, Any], selector: dict[str, Any]) -> list[Cause]:
    """A workload's template must have labels that its selector selects."""
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if label_selector_of(selector).matches(labels):
        return []
    why = "`selector` does not match template `labels`"
    return [field_invalid("spec.template.metadata.labels", string_map(labels), why)]
