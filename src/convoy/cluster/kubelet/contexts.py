"""What the containers of one pod share, and what is done in different ways for static pods and others.

Static pods come from manifests in a folder and have no API behind them: they restart at once and share the
folders of their pod. Pods of the API are run as the kubelet of Kubernetes runs them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Literal, Protocol, TypeVar

from convoy.api.base import ApiObject
from convoy.api.kube.core import Pod
from convoy.cluster.types import ImageEntry
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK, Clock

Object = TypeVar("Object", bound=ApiObject)
EventType = Literal["Normal", "Warning"]


class Objects(Protocol):
    """Where a pod's references lead."""

    def get(self, kind: type[Object], namespace: str, name: str) -> Object | None:
        """The object of that kind and name."""


class Recorder(Protocol):
    """Takes a pod's events; `container` is "" for the pod as a whole."""

    def __call__(self, kind: EventType, reason: str, message: str, container: str = "") -> None: ...


def no_events(kind: EventType, reason: str, message: str, container: str = "") -> None:
    """For pods that no API tells of."""


def static_delays() -> Iterator[float]:
    """Seconds before each restart of a static pod's container."""
    return backoff(0.2, at_most=30.0)


def api_delays() -> Iterator[float]:
    """As the kubelet has it: the first restart at once, then 10 s, doubled up to 5 min."""
    return chain([0.0], (10.0 * 2**n for n in range(5)), repeat(300.0))


@dataclass(frozen=True, slots=True)
class Habits:
    """How a kubelet treats a pod.

    `ran_well` are the seconds after which an end counts as the first one again. With `own_roots` each
    container has a root of its own, and what it writes has times. `kept` must be seen in every root.
    """

    delays: Callable[[], Iterator[float]] = static_delays
    ran_well: float = 60.0
    own_roots: bool = False
    kept: tuple[str, ...] = ()
    can_change_user: bool = False


STATIC = Habits()


@dataclass(slots=True)
class PodContext:
    """What a pod's containers share. `pod` is its newest state.

    `report(what, container, detail)` tells of a change; `wait_objects` waits for one of the objects;
    `base_variables` are those that Services bring; `images` gives the user's table anew each time.
    """

    pod: Pod
    objects: Objects
    images: Sequence[ImageEntry] | Callable[[], Sequence[ImageEntry]]
    report: Callable[[str, str, str], None]
    wait_objects: Callable[[], Awaitable[None]]
    record: Recorder = no_events
    habits: Habits = STATIC
    base_variables: Callable[[], Mapping[str, str]] = dict
    allocatable: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = SYSTEM_CLOCK

    @contextmanager
    def hearing(self) -> Iterator[asyncio.Future[None]]:
        """A future that is done once one of the objects has changed since the block began."""
        changed = asyncio.ensure_future(self.wait_objects())
        try:
            yield changed
        finally:
            changed.cancel()

    def image_table(self) -> Sequence[ImageEntry]:
        """The user's entries as they are now."""
        return self.images() if callable(self.images) else self.images
