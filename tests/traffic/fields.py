"""Say which fields of the API a test proves: `@fields("VirtualService", "http.rewrite.uri")`.

A path names a leaf of the kind's `spec` as users write it, without indices: `http.route.weight`. A field
whose values mean different things is proved value by value: `trafficPolicy.loadBalancer.simple = RANDOM`.

The mark promises two things, and `make soak` checks them: the test passes, and it fails when the control
plane does not see the field (or that value of it).
"""

from collections.abc import Callable
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

ATTRIBUTE = "proved_fields"


def fields(kind: str, *paths: str) -> Callable[[Test], Test]:
    """Mark a test with the fields of a kind's `spec` that it proves; may be repeated for other kinds."""

    def mark(test: Test) -> Test:
        known: tuple[tuple[str, str], ...] = getattr(test, ATTRIBUTE, ())
        setattr(test, ATTRIBUTE, (*known, *((kind, path) for path in paths)))
        return test

    return mark


def fields_of(test: Callable[..., Any]) -> tuple[tuple[str, str], ...]:
    """The kind and path of each field that a test proves."""
    found: tuple[tuple[str, str], ...] = getattr(test, ATTRIBUTE, ())
    return found
