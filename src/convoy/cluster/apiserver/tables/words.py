"""How tables put lists, labels and selectors into words."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from convoy.cluster.apiserver.tables.columns import Column, Obj, Value, look, text

NONE = "<none>"
UNSET = "<unset>"


def or_none(value: Any) -> Any:
    """The value, or `<none>` for an empty one."""
    return value or NONE


def join_some(items: Sequence[str], most: int, *, separator: str = ",") -> str:
    """The first of many, and how many more there are."""
    shown = separator.join(items[:most])
    return shown if len(items) <= most else f"{shown} + {len(items) - most} more..."


def labels(pairs: Mapping[str, str] | None) -> str:
    """`a=b,c=d` by key."""
    return ",".join(f"{key}={pairs[key]}" for key in sorted(pairs)) if pairs else NONE


def truth_word(value: bool | None) -> str:
    """A boolean that may be missing."""
    return UNSET if value is None else str(value)


def load_balancer(status: Obj | None) -> str:
    """Addresses or names of a load balancer, sorted."""
    ingress = look(status, "loadBalancer", "ingress") or ()
    found = {each.get("ip") or each.get("hostname") for each in ingress}
    return ",".join(sorted(found - {None, ""}))


def container_columns(*template: str, priority: int = 1) -> tuple[tuple[Column, Value], tuple[Column, Value]]:
    """The columns about the containers of the pod template at a path."""

    def joined(key: str, obj: Obj) -> str:
        containers = look(obj, *template, "spec", "containers") or ()
        return ",".join(container.get(key, "") for container in containers)

    names = text(
        "Containers", "Names of the template's containers.", partial(joined, "name"), priority=priority
    )
    images = text(
        "Images", "Images of the template's containers.", partial(joined, "image"), priority=priority
    )
    return names, images
