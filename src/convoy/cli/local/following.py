"""Keep a running cluster in step with its folder: what is added there runs, what is removed ends.

Rules of the mesh are the control plane's business; this follows only what a cluster itself runs.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

from convoy.api.base import ApiObject
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.cli.local.manifests import run_objects, to_manifest
from convoy.cluster.client import World
from convoy.cluster.errors import WorldError, WorldGoneError
from convoy.config.admission import Admit
from convoy.config.sources.files import FileSource
from convoy.config.store import Held, Store
from convoy.config.view import ConfigView
from convoy.kit.tasks import cancelled_at_end

Objects = Mapping[ObjectKey, ApiObject]


async def follow_folder(
    world: World,
    cluster: str,
    folder: Path,
    *,
    admit: Admit,
    running: ConfigView,
    report: Callable[[str], None],
) -> None:
    """Apply every later change of a folder to a cluster that runs `running`, for ever.

    What the cluster cannot run is reported in one sentence; the rest goes on.
    """
    store, source = Store(), FileSource(folder, cluster=cluster)
    async with cancelled_at_end(source.run(store), name=f"folder:{cluster}"):
        current: Objects = by_key(run_objects(running))
        async for wanted in _wanted(store.held(admit=admit)):
            try:
                await _apply_difference(world, cluster, current, wanted)
            except WorldGoneError:
                return
            except WorldError as error:
                report(str(error))
            current = wanted


def by_key(objects: Iterable[ApiObject]) -> dict[ObjectKey, ApiObject]:
    """Objects by what names them."""
    return {key_of(obj): obj for obj in objects}


def plan_difference(current: Objects, wanted: Objects) -> tuple[list[ApiObject], list[ObjectKey]]:
    """What to apply, and what to delete, so that a cluster which runs `current` runs `wanted`."""
    changed = [obj for key, obj in wanted.items() if current.get(key) != obj]
    return changed, sorted(current.keys() - wanted.keys())


async def _wanted(states: AsyncIterator[Held]) -> AsyncIterator[Objects]:
    async for held in states:
        yield by_key(run_objects(held.view))


async def _apply_difference(world: World, cluster: str, current: Objects, wanted: Objects) -> None:
    changed, gone = plan_difference(current, wanted)
    for key in gone:
        await world.delete(cluster, key.kind, key.namespace, key.name)
    if changed:
        await world.apply(cluster, [to_manifest(obj) for obj in changed])
