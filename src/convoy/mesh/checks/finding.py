"""Words that several checks share."""

import difflib
from collections.abc import Iterable

from convoy.api.meta import ObjectKey
from convoy.api.paths import quote
from convoy.mesh.short_names import split_global


def named(key: ObjectKey) -> str:
    """An object as messages name it: `DestinationRule default/reviews`."""
    return str(key)


def listed(values: Iterable[object]) -> str:
    """Values in a row, or `none`."""
    return ", ".join(str(value) for value in values) or "none"


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known value, or an empty text."""
    near = difflib.get_close_matches(value, list(known), n=1, cutoff=0.75)
    return f"Did you mean {quote(near[0])}?" if near else ""


def host_hint(host: str, known: Iterable[str], *, domain: str) -> str:
    """What to write instead of an unknown host."""
    hosts = list(known)
    full = f"{host}.svc.{domain}"
    if full in hosts:
        return f"Names with a dot are not expanded: write {quote(full)}."
    near = did_you_mean(host, hosts)
    if near:
        return near
    if split_global(host):
        return "Write a ServiceEntry for it, with the other cluster's gateway as endpoint."
    return "Correct the name, or add a Service or ServiceEntry for it."
