"""What there is to tell of a container at one moment, from which its status in the API is made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["init", "sidecar", "app", "ephemeral"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """It does not run yet, or not again yet."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Its process runs."""

    started_at: datetime


@dataclass(frozen=True, slots=True)
class Terminated:
    """It ended; `message` is what it left to be read, `how` a sentence of ours."""

    exit_code: int
    reason: str
    message: str = ""
    how: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    container_id: str = ""


State = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class ContainerView:
    """One container at one moment. `last` is how it ended before, if it was restarted."""

    name: str
    role: Role
    image: str
    state: State
    last: Terminated | None = None
    ready: bool = False
    started: bool = False
    restarts: int = 0
    image_id: str = ""
    container_id: str = ""


@dataclass(frozen=True, slots=True)
class Seed:
    """What a container's status said when the kubelet began, from an earlier life of the machine."""

    restarts: int = 0
    last: Terminated | None = None
    is_done: bool = False  # it ended and is not to run again; `last` says how


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod at one moment."""

    inits: tuple[ContainerView, ...] = ()
    apps: tuple[ContainerView, ...] = ()
    ephemerals: tuple[ContainerView, ...] = ()
    has_sandbox: bool = False
