"""Values as Go prints them, because API errors quote them so."""

from typing import Any

import orjson

from convoy.cluster.schema.wording import quoted


def string_map(labels: dict[str, Any]) -> str:
    """As %#v of a map of strings, keys sorted."""
    pairs = ", ".join(f"{quoted(key)}:{quoted(labels[key])}" for key in sorted(labels))
    return f"map[string]string{{{pairs}}}"


def label_selector(selector: dict[str, Any] | None) -> str:
    """As %#v of a v1.LabelSelector."""
    selector = selector or {}
    labels = selector.get("matchLabels")
    shown = string_map(labels) if labels else "map[string]string(nil)"
    nothing = "[]v1.LabelSelectorRequirement(nil)"
    expressions = selector.get("matchExpressions")
    listed = orjson.dumps(expressions).decode() if expressions else nothing
    return f"v1.LabelSelector{{MatchLabels:{shown}, MatchExpressions:{listed}}}"
