"""Host names and wildcard hosts: which covers which, and which of several is the most specific.

A wildcard host starts with `*` and covers every longer host with the same ending: `*.global`,
`*-east.example.com`, `*`. All hosts are compared in lower case, as DNS and HTTP do.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


def is_wildcard(host: str) -> bool:
    """Whether the host stands for several."""
    return host.startswith("*")


def covers(pattern: str, host: str) -> bool:
    """Whether every name that `host` stands for is one that `pattern` stands for."""
    if not is_wildcard(pattern):
        return pattern == host
    return host == pattern or (len(host) >= len(pattern) and host.endswith(pattern[1:]))


def narrower(one: str, other: str) -> str | None:
    """What both hosts stand for; None when they have nothing in common."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None


class HostTable(Generic[T]):
    """Values by host or wildcard host. Of two values for the same host the one given first counts."""

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, T] = {}
        self._wildcards: dict[str, T] = {}
        for pattern, value in items:
            (self._wildcards if is_wildcard(pattern) else self._exact).setdefault(pattern, value)
        self._longest_first = sorted(self._wildcards.items(), key=lambda item: (-len(item[0]), item[0]))

    def find(self, host: str) -> T | None:
        """The value of the most specific pattern: the exact host, then the longest wildcard that covers
        it.
        """
        if host in self._exact:
            return self._exact[host]
        return next((value for pattern, value in self._longest_first if covers(pattern, host)), None)
