"""Waiting until a container can be started: for its image to be known, and for what it refers to."""

import asyncio
from typing import Any

from convoy.cluster.images import UnknownImageError
from convoy.cluster.kubelet.contexts import PodContext
from convoy.cluster.kubelet.environment import MissingReferenceError
from convoy.cluster.kubelet.launching import build_plan
from convoy.cluster.kubelet.progress import Progress
from convoy.cluster.kubelet.states import Waiting
from convoy.cluster.kubelet.users import UserError
from convoy.cluster.sandbox.plan import ProcessPlan

IMAGE_UNKNOWN = "ImagePullBackOff"
_LOOK_AGAIN = 10.0  # seconds until an image is looked for again


async def wait_plan(context: PodContext, progress: Progress, stopping: asyncio.Event) -> ProcessPlan | None:
    """The plan of the process, as soon as everything it refers to exists; None when it is stopped before."""
    tries = 0
    while not stopping.is_set():
        with context.hearing() as changed:
            try:
                plan = build_plan(context, progress.container)
                _record_pull(progress)
                return plan
            except UnknownImageError as error:
                _wait_for_image(progress, str(error), is_new=tries == 0 and context.habits.own_roots)
            except (MissingReferenceError, UserError) as error:
                _wait_for(
                    progress, Waiting("CreateContainerConfigError", str(error)), event=f"Error: {error}"
                )
            tries += 1
            await _wait_either(changed, stopping)
    return None


def _record_pull(progress: Progress) -> None:
    image = progress.container.image
    if progress.container.image_pull_policy == "Always":
        progress.record("Normal", "Pulling", f'Pulling image "{image}"')
        progress.record("Normal", "Pulled", f'Successfully pulled image "{image}"')
    else:
        progress.record("Normal", "Pulled", f'Container image "{image}" already present on machine')


def _wait_for_image(progress: Progress, text: str, *, is_new: bool) -> None:
    image = progress.container.image
    if is_new:
        progress.record("Warning", "Failed", f'Failed to pull image "{image}": {text}')
        _wait_for(progress, Waiting("ErrImagePull", text), event="Error: ErrImagePull")
        return
    progress.record("Normal", "BackOff", f'Back-off pulling image "{image}"')
    _wait_for(progress, Waiting(IMAGE_UNKNOWN, text), event="Error: ImagePullBackOff")


def _wait_for(progress: Progress, state: Waiting, *, event: str) -> None:
    if progress.state != state:
        progress.change(state)
        progress.record("Warning", "Failed", event)
        progress.tell("container-waiting", f"{state.reason}: {state.message}")


async def _wait_either(changed: asyncio.Future[None], stopping: asyncio.Event) -> None:
    """Until one of the objects changed, the container is stopped, or it is time to look again."""
    stopped = asyncio.ensure_future(stopping.wait())
    either: set[asyncio.Future[Any]] = {changed, stopped}
    try:
        await asyncio.wait(either, timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
