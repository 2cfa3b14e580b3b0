"""How a container is at the moment, how it was before, and who is told of a change."""

import hashlib
from dataclasses import replace
from datetime import datetime

from convoy.api.kube.core import Container
from convoy.cluster.images import image_id
from convoy.cluster.kubelet.contexts import EventType, PodContext
from convoy.cluster.kubelet.states import ContainerView, Role, Running, Seed, State, Terminated, Waiting
from convoy.cluster.types import ContainerStatus

KILLED = 137  # 128 + SIGKILL


class Progress:
    """The state of one container, changed by whoever runs it."""

    def __init__(self, context: PodContext, container: Container, role: Role, seed: Seed) -> None:
        self.container = container
        self.role: Role = role
        self.restarts = seed.restarts
        self.ran_before = seed.last is not None
        self.began: datetime | None = None
        self.state: State = Waiting(_first_reason(context, role))
        self.last = seed.last
        self.ready = False
        self.started = False
        self._begun: int | None = None  # the number of a run that does not count yet
        self._complaint = ""
        self._context = context
        if seed.is_done and seed.last is not None:
            self.state, self.last = seed.last, None

    def view(self) -> ContainerView:
        """For the API."""
        return ContainerView(
            name=self.container.name,
            role=self.role,
            image=self.container.image,
            state=self.state,
            last=self.last,
            ready=self.ready,
            started=self.started,
            restarts=self.restarts,
            image_id=image_id(self.container, self._context.image_table()) if self.ran_before else "",
            container_id=self._id_of(self.restarts) if self.ran_before else "",
        )

    def status(self, pid: int) -> ContainerStatus:
        """For callers of the world."""
        state, is_running = self.state, isinstance(self.state, Running)
        ended = state if isinstance(state, Terminated) else self.last
        message = state.how if isinstance(state, Terminated) else getattr(state, "message", self._complaint)
        return ContainerStatus(
            name=self.container.name,
            role="app" if self.role == "ephemeral" else self.role,
            state="running" if is_running else "waiting" if isinstance(state, Waiting) else "terminated",
            ready=self.ready,
            restarts=self.restarts,
            pid=pid if is_running else 0,
            exit_code=None if is_running or ended is None else ended.exit_code,
            reason="" if isinstance(state, Running) else state.reason,
            message=message,
        )

    def _id_of(self, run: int) -> str:
        text = f"{self._context.pod.metadata.uid}/{self.container.name}/{run}"
        return f"convoy://{hashlib.sha256(text.encode()).hexdigest()}"

    def begin(self) -> int:
        """A run begins, whose number is given; it counts once it runs, or has ended before it did."""
        self._begun = self.restarts + self.ran_before
        self.began = self._context.clock.now()
        return self._begun

    def _count(self) -> None:
        if self._begun is not None:
            self.restarts, self.ran_before, self._begun = self._begun, True, None

    def change(self, state: State) -> None:
        """It is in another state, and not ready in it yet."""
        is_first_of_run = self._begun is not None and not isinstance(state, Waiting)
        if isinstance(self.state, Terminated) and (is_first_of_run or not isinstance(state, Terminated)):
            self.last = self.state
        if is_first_of_run:
            self._count()
        self.state, self.ready, self.started, self._complaint = state, False, False, ""
        self.tell("", "")

    def end(self, code: int, *, reason: str = "", message: str = "", how: str = "") -> int:
        """It ended; gives the code."""
        ended = Terminated(
            exit_code=code,
            reason=reason or ("Completed" if code == 0 else "Error"),
            message=message,
            how=how,
            started_at=self.began,
            finished_at=self._context.clock.now(),
            container_id=self._id_of(self.restarts if self._begun is None else self._begun),
        )
        self.change(ended)
        return code

    def set_started(self) -> None:
        """Its startup probe, if it has one, has succeeded."""
        self.started = True
        self.tell("", "")

    def set_ready(self, ready: bool, complaint: str) -> None:
        """Its readiness changed, or why it is not ready."""
        if (self.ready, self._complaint) != (ready, complaint):
            self.ready, self._complaint = ready, complaint
            self.tell("container-ready" if ready else "container-unready", complaint)

    def settle(self) -> None:
        """It will not run again: what it waited for does not matter any more."""
        if isinstance(self.state, Waiting):
            ended = self.last or Terminated(
                KILLED, "ContainerStatusUnknown", finished_at=self._context.clock.now()
            )
            self.state, self.last = replace(ended), None

    def tell(self, what: str, detail: str) -> None:
        """Tell the world."""
        self._context.report(what, self.container.name, detail)

    def record(self, kind: EventType, reason: str, message: str) -> None:
        """Tell the API, as an event."""
        self._context.record(kind, reason, message, self.container.name)


def _first_reason(context: PodContext, role: Role) -> str:
    waits = role == "app" and context.pod.spec.init_containers and context.habits.own_roots
    return "PodInitializing" if waits else "ContainerCreating"
