"""What rules cost to build: 1,000 services with 1,000 VirtualServices from nothing, and one rule changed.

Reading, resolving, building and encoding; no network, no clients. `shared` is what is done once for all
sidecars of a view.
"""

import gc
import time
from collections.abc import Callable, Iterable
from typing import Any

import click

from bench.running import milliseconds_of
from bench.synthetic.manifests import Manifest, Size, manifests, virtual_service
from convoy.api.meta import ClusterID
from convoy.api.reading import read_object
from convoy.config.contents import ContentsChange, Located
from convoy.config.store import Composer
from convoy.config.view import ConfigView
from convoy.controlplane.admission import admit_pods
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSettings, MeshSnapshot
from convoy.mesh.snapshot import build_snapshot
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import XdsModel
from convoy.xds.cache.views import build_model

_SETTINGS = MeshSettings(cluster_id=ClusterID("bench"))


@click.command()
@click.option("--services", default=1_000)
@click.option("--namespaces", default=10, help="Each is a view of its own.")
@click.option("--callers", default=10, help="Sidecars; those of a namespace share everything.")
@click.option("--changes", default=50)
def routing(services: int, namespaces: int, callers: int, changes: int) -> None:
    """Cold build of 1,000 services with their rules, and one changed route."""
    size = Size(services=services, namespaces=namespaces, callers=callers, endpoints=2)
    built = Building()
    objects = built.timed("read", lambda: _read(manifests(size)))
    composer = Composer(admit_pods(_SETTINGS))
    built.cold(built.timed("admit", lambda: composer.apply(objects).view))
    for number in range(changes):
        changed = _read([virtual_service(size, number % services, weight=number % 80 + 10)])
        built.change(composer.apply(changed).view)
    built.report()


class Building:
    """Builds again and again, and keeps how long the steps took."""

    def __init__(self) -> None:
        self._memo = Memo()
        self._memory = Memory()
        self._snapshot: MeshSnapshot | None = None
        self._model: XdsModel | None = None
        self._resolved: list[float] = []
        self._encoded: list[float] = []

    def timed(self, name: str, step: Callable[[], Any]) -> Any:
        """What a step gives; prints how long it took."""
        start = time.perf_counter()
        result = step()
        click.echo(f"{name:20}{(time.perf_counter() - start) * 1e3:10.1f} ms")
        return result

    def cold(self, view: ConfigView) -> None:
        """Everything from nothing."""
        self._snapshot = self.timed("cold: resolve", lambda: self._resolve(view))
        self._model = self.timed("cold: build", lambda: self._encode(self._snapshot))
        proxies = self._model.proxies.values() if self._model else ()
        kinds = {id(each): each for proxy in proxies for each in (proxy.clusters, proxy.routes)}
        click.echo(f"{'':20}{sum(map(len, kinds.values())):10} clusters and route configurations")

    def change(self, view: ConfigView) -> None:
        """The same after one change."""
        gc.collect()
        start = time.perf_counter()
        self._snapshot = self._resolve(view)
        middle = time.perf_counter()
        self._model = self._encode(self._snapshot)
        self._resolved.append(middle - start)
        self._encoded.append(time.perf_counter() - middle)

    def report(self) -> None:
        """The changes' times."""
        click.echo(f"one route: resolve  {milliseconds_of(self._resolved)}")
        click.echo(f"one route: build    {milliseconds_of(self._encoded)}")
        both = [one + two for one, two in zip(self._resolved, self._encoded, strict=True)]
        click.echo(f"one route: both     {milliseconds_of(both)}")

    def _resolve(self, view: ConfigView) -> MeshSnapshot:
        return build_snapshot(view, _SETTINGS, self._snapshot, memory=self._memory)[0]

    def _encode(self, snapshot: MeshSnapshot | None) -> XdsModel:
        assert snapshot is not None
        return build_model(snapshot, self._model, self._memo)


def _read(found: Iterable[Manifest]) -> ContentsChange:
    read = [read_object(manifest, has_nulls=False) for manifest in found]
    return ContentsChange({each.key: Located(each.obj, None) for each in read if each.key and each.obj})
