"""Containers and pods as they are seen from outside, in few words."""

from datetime import UTC, datetime
from typing import Any

from convoy.cluster.kubelet.states import ContainerView, PodView, Role, Running, State, Terminated, Waiting

MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
RUNNING = Running(MOMENT)
CREATING = Waiting("ContainerCreating")


def ended(code: int = 0) -> Terminated:
    """How a container ended."""
    return Terminated(code, "Completed" if code == 0 else "Error", started_at=MOMENT, finished_at=MOMENT)


def view(state: State, name: str = "app", role: Role = "app", **fields: Any) -> ContainerView:
    """A container that has been started, unless it waits for the first time."""
    has_run = not isinstance(state, Waiting) or "last" in fields
    given = {"container_id": f"convoy://{name}" if has_run else "", **fields}
    return ContainerView(name, role, "image", state, **given)


def pod_view(*apps: ContainerView, inits: tuple[ContainerView, ...] = ()) -> PodView:
    """A pod with a sandbox."""
    return PodView(inits=inits, apps=apps, has_sandbox=True)
