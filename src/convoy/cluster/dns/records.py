"""What a name stands for, and who can be asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

TTL = 5


@dataclass(frozen=True, slots=True)
class ServicePlace:
    """A host and port, as in an SRV record."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Records:
    """Everything known of one name; without any record the name exists all the same.

    Names are in lower case and without the final dot.
    """

    addresses: tuple[str, ...] = ()
    alias: str = ""
    services: tuple[ServicePlace, ...] = ()
    pointers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


EXISTS = Records()


class Names(Protocol):
    """Knows names; asked with lower-case names without the final dot."""

    def find(self, name: str) -> Records | None:
        """What a name stands for; None when it does not exist."""


class NamesTogether:
    """Several that know names, asked in turn."""

    def __init__(self, parts: Iterable[Names] = ()) -> None:
        self.parts: Sequence[Names] = tuple(parts)

    def find(self, name: str) -> Records | None:
        for part in self.parts:
            if (found := part.find(name)) is not None:
                return found
        return None


def zone_of(name: str, zones: Iterable[str]) -> str:
    """The longest of `zones` that a name lies in, "" (the root) if it is in none."""
    within = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    return max(within, key=len, default="")
