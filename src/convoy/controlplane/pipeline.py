"""From views of the objects to what is served: resolve, build, publish; a short loop round pure steps."""

import gc
import time
from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.problems import Problem, sort_problems
from convoy.config.store import Held
from convoy.config.view import ConfigView
from convoy.controlplane.agent_api import NameTables, Probes
from convoy.controlplane.expiring import repeat_when_due
from convoy.dns.table import NameTable, build_name_table
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.latest import LatestValue
from convoy.kit.logs import get_logger
from convoy.kit.malloc import give_memory_back
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSettings, MeshSnapshot
from convoy.mesh.names import Names
from convoy.mesh.snapshot import build_snapshot
from convoy.xds.build.envoy_filters.checks import find_bad_values
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import XdsModel
from convoy.xds.cache.views import build_model

log = get_logger("controlplane")


class Published(msgspec.Struct, frozen=True):
    """What the control plane stands by at one moment; `problems` have their places."""

    view: ConfigView
    snapshot: MeshSnapshot
    model: XdsModel
    names: NameTables
    problems: tuple[Problem, ...]
    bad_values: tuple[Problem, ...] = ()
    """Those among them that EnvoyFilters have by themselves, without places."""


class Outlets(msgspec.Struct, frozen=True):
    """Where a new state is handed over, each part to who needs it."""

    published: LatestValue[Published]
    models: LatestValue[XdsModel]
    names: LatestValue[NameTables]
    probes: LatestValue[Probes]


async def publish_states(
    states: AsyncIterator[Held], outlets: Outlets, settings: MeshSettings, *, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Make and hand over a new state for every held view, and once more when a certificate in it expires,
    until the views end.
    """
    previous: Published | None = None
    memo, memory = Memo(), Memory()

    def valid_until() -> datetime | None:
        return previous.snapshot.valid_until if previous else None

    async for held in repeat_when_due(states, valid_until, clock=clock):
        start = time.monotonic()
        current = build_state(held, settings, previous=previous, memo=memo, memory=memory, now=clock.now())
        outlets.published.set(current)
        if previous is None or current.model is not previous.model:
            outlets.models.set(current.model)
        if previous is None or current.names is not previous.names:
            outlets.names.set(current.names)
        if previous is None or current.snapshot.probes is not previous.snapshot.probes:
            outlets.probes.set(current.snapshot.probes)
        _report(current, previous, milliseconds=(time.monotonic() - start) * 1000)
        if previous is None:
            _settle()
        previous = current


def _settle() -> None:
    """What is there after the first state stays: it need not be looked through for garbage again and again,
    and what reading it took is given back.
    """
    gc.collect()
    gc.freeze()
    give_memory_back()


def build_state(
    held: Held,
    settings: MeshSettings,
    *,
    previous: Published | None,
    memo: Memo,
    memory: Memory | None = None,
    now: datetime | None = None,
) -> Published:
    """Everything that follows from one view; parts equal to the previous ones are the same objects again.

    `now` decides which certificates have expired; None: none has. `memo` and `memory` are those of
    the previous states; they only save work.
    """
    before = previous.snapshot if previous else None
    snapshot, found = build_snapshot(held.view, settings, previous=before, now=now, memory=memory)
    model = _model(snapshot, previous, memo)
    names = _tables(snapshot, previous)
    bad_values = _bad_values(held.view, previous)
    problems = sort_problems([*held.problems, *map(held.origins.locate, (*found, *bad_values))])
    return Published(held.view, snapshot, model, names, problems, bad_values)


def _bad_values(view: ConfigView, previous: Published | None) -> tuple[Problem, ...]:
    filters = view.all(EnvoyFilter)
    if previous and previous.view.all(EnvoyFilter) is filters:
        return previous.bad_values
    return tuple(find_bad_values(filters))


def _model(snapshot: MeshSnapshot, previous: Published | None, memo: Memo) -> XdsModel:
    # A view keeps its number when only lines or problems changed: then there is nothing to build or to push,
    # unless time itself has changed what gateways serve.
    if previous is None:
        return build_model(snapshot, None, memo)
    is_same_time = previous.snapshot.gateway_views is snapshot.gateway_views
    if previous.model.number == snapshot.number and is_same_time:
        return previous.model
    return build_model(snapshot, previous.model, memo)


def _tables(snapshot: MeshSnapshot, previous: Published | None) -> NameTables:
    """The tables by namespace, and by `<pod>.<namespace>` for pods of which a Sidecar limits what they see.

    Where the names are the same objects as before, so are the tables; where only their content is, too.
    """
    old = previous.snapshot if previous else None
    same = old is not None and old.names is snapshot.names and old.scoped_names is snapshot.scoped_names
    if previous and same and not snapshot.scoped_names:
        return previous.names
    tables: dict[str, NameTable] = {}
    for namespace, names in snapshot.names.items():
        before = previous.names.get(namespace) if previous else None
        is_same = old is not None and old.names.get(namespace) is names
        tables[namespace] = before if before and is_same else _table(names, before)
    limited = {key: build_name_table(names) for key, names in snapshot.scoped_names.items()}
    for name, workload in snapshot.workloads.items() if limited else ():
        if workload.view in limited:
            tables[name] = limited[workload.view]
    # Every agent waits for other tables than those that it has.
    return previous.names if previous and _are_same(tables, previous.names) else tables


def _are_same(tables: NameTables, before: NameTables) -> bool:
    return tables.keys() == before.keys() and all(tables[key] is before[key] for key in tables)


def _table(names: Names, before: NameTable | None) -> NameTable:
    table = build_name_table(names)
    return before if before is not None and before.version == table.version else table


def _report(current: Published, previous: Published | None, *, milliseconds: float) -> None:
    log.info(
        "state published",
        view=current.snapshot.number,
        services=len(current.snapshot.services),
        proxies=len(current.model.proxies),
        problems=len(current.problems),
        ms=round(milliseconds, 1),
    )
    known = set(previous.problems) if previous else set()
    for problem in current.problems:
        if problem not in known:
            log.warning("problem found", problem=str(problem))
