"""VirtualServices: all of them, and those that concern some proxies.

What depends on the proxy (port, namespace, labels, gateway) stays as a filter on each rule and is decided in
`http_routes`.
"""

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.mesh.aliases import Aliases
from convoy.mesh.delegates import Delegate, Key, is_delegate
from convoy.mesh.gateway_names import MESH
from convoy.mesh.memory import keep_tuple
from convoy.mesh.model import RetryPolicy
from convoy.mesh.prepared_services import PreparedVirtualService, Preparing, resolve_visibility
from convoy.mesh.retries import DEFAULT_RETRIES
from convoy.mesh.sidecar_routing import Services, SidecarRouting

__all__ = ["PreparedVirtualService", "Routing", "SidecarRouting"]


class Routing:
    """All VirtualServices, oldest first. `delegates` are those without hosts, which count nowhere else.

    `previous` was made with the same settings: what is as it was there is taken over.
    """

    def __init__(
        self,
        services: Iterable[VirtualService],
        *,
        domain: str,
        retries: RetryPolicy = DEFAULT_RETRIES,
        export_to: tuple[str, ...] = (),
        aliases: Aliases | None = None,
        previous: "Routing | None" = None,
    ) -> None:
        written = tuple(services)
        self.written = written
        self.retries = retries
        self._preparing = Preparing(domain, retries, export_to, aliases or {})
        self.delegates = {
            (service.metadata.namespace, service.metadata.name): Delegate(
                service, resolve_visibility(service, export_to)
            )
            for service in written
            if is_delegate(service)
        }
        known = previous._reusable(self.delegates) if previous else {}
        prepared = (
            known.get(id(service)) or self._preparing.prepare(service, self.delegates)
            for service in written
            if service.spec.hosts
        )
        self._all = Services((one.key, one) for one in prepared)
        self._sort_out()
        self.shape = object()
        """The same one while VirtualServices differ by their rules alone."""
        self._mesh: dict[str, SidecarRouting] = {}
        self._bound: dict[tuple[str, str], Services] = {}
        self._places: dict[ObjectKey, int] = {}
        if previous:
            self._take_over(previous)

    def _sort_out(self, previous: "Routing | None" = None) -> None:
        """Note which of them are of some sort; the same tuples as before where they are the same ones."""
        all_of_them = self._all.values()
        self.labelled = tuple(one for one in all_of_them if one.is_labelled)
        self.delegating = tuple(one for one in all_of_them if one.is_delegating)
        self.at_gateways = tuple(one for one in all_of_them if one.gateways != (MESH,))
        self.connecting = tuple(one for one in all_of_them if one.is_connecting)
        if previous:
            self.labelled = keep_tuple(self.labelled, previous.labelled)
            self.at_gateways = keep_tuple(self.at_gateways, previous.at_gateways)
            self.connecting = keep_tuple(self.connecting, previous.connecting)

    def _reusable(self, delegates: Mapping[Key, Delegate]) -> Mapping[int, PreparedVirtualService]:
        """Those prepared, by the `id` of what is written, that mean the same with these delegates."""
        old = self.delegates
        are_same = old.keys() == delegates.keys() and all(
            old[key].written is delegate.written for key, delegate in delegates.items()
        )
        return {id(one.written): one for one in self if are_same or not one.is_delegating}

    def _take_over(self, previous: "Routing") -> None:
        if list(self._all) != list(previous._all):
            self._sort_out(previous)
            return
        changes = {key: one for key, one in self._all.items() if one is not previous._all[key]}
        self._all = previous._all.revised(changes)
        self._sort_out(previous)
        if all(one.stands_like(previous._all[key]) for key, one in changes.items()):
            self._exchange(previous, changes.keys())

    def exchanged(
        self, written: tuple[VirtualService, ...], changes: Mapping[ObjectKey, VirtualService | None]
    ) -> "Routing | None":
        """The same with some VirtualServices as they are now, None for those that are gone; `written` are
        all. None where delegates change, which are part of others, or where one was made anew under its old
        name, which makes it younger than others.
        """
        news = {key: self._preparing.prepare(new, self.delegates) for key, new in changes.items() if new}
        is_delegated = any((key.namespace, key.name) in self.delegates for key in changes)
        if is_delegated or not all(one.hosts for one in news.values()):
            return None
        if any((old := self._all.get(key)) and old.created != one.created for key, one in news.items()):
            return None
        made = copy.copy(self)
        made.written = written
        made._places = {}
        made._all = self._all.revised(news, changes, order=made._place_of)
        touched = [one for key in changes for one in (self._all.get(key), news.get(key)) if one]
        if any(one.is_of_some_sort for one in touched):
            made._sort_out(self)
        made._exchange(self, changes)
        return made

    def _exchange(self, previous: "Routing", keys: Iterable[ObjectKey]) -> None:
        """Take over what was sorted by place, but for these VirtualServices."""
        pairs = [(previous._all.get(key), self._all.get(key)) for key in keys]
        if all(old and new and new.stands_like(old) for old, new in pairs):
            self.shape = previous.shape
        else:
            self.shape = object()
        touched = [one for pair in pairs for one in pair if one]
        self._bound = {
            place: self._rebound(place, bound, touched) for place, bound in previous._bound.items()
        }
        self._mesh = {
            namespace: one.exchanged(self._bound_to(MESH, namespace), touched, self._place_of)
            for namespace, one in previous._mesh.items()
        }

    def _rebound(
        self, place: tuple[str, str], bound: Services, touched: Iterable[PreparedVirtualService]
    ) -> Services:
        keys = dict.fromkeys(one.key for one in touched)
        now = (one for key in keys if (one := self._all.get(key)))
        news = {one.key: one for one in now if _is_bound(one, *place)}
        return bound.revised(news, keys, order=self._place_of)

    def _place_of(self, key: ObjectKey) -> int:
        if not self._places:
            self._places = {key_of(service): place for place, service in enumerate(self.written)}
        return self._places[key]

    def changed_since(self, before: "Routing") -> frozenset[ObjectKey] | None:
        """The keys of those that came, went or changed; None: not known."""
        return self._all.changed_since(before._all)

    def find(self, key: ObjectKey) -> PreparedVirtualService | None:
        """One by its key."""
        return self._all.get(key)

    def __iter__(self) -> Iterator[PreparedVirtualService]:
        return iter(self._all.values())

    def narrowed(self, keeps: Callable[[PreparedVirtualService], bool]) -> "Routing":
        """The same for proxies that import only some of them."""
        narrowed = copy.copy(self)
        narrowed._all = Services((key, one) for key, one in self._all.items() if keeps(one))
        narrowed.shape = object()
        narrowed._mesh = {}
        narrowed._bound = {}
        return narrowed

    def bound(self, gateway: str, *, namespace: str) -> Collection[PreparedVirtualService]:
        """Those for a gateway (`<namespace>/<name>`) or `mesh` that proxies of a namespace see."""
        return self._bound_to(gateway, namespace).values()

    def _bound_to(self, gateway: str, namespace: str) -> Services:
        key = (gateway, namespace)
        if key not in self._bound:
            self._bound[key] = Services((one.key, one) for one in self if _is_bound(one, *key))
        return self._bound[key]

    def for_sidecars(self, namespace: str) -> SidecarRouting:
        """Those that the sidecars of a namespace see, by host."""
        if namespace not in self._mesh:
            self._mesh[namespace] = SidecarRouting(self._bound_to(MESH, namespace))
        return self._mesh[namespace]


def _is_bound(service: PreparedVirtualService, gateway: str, namespace: str) -> bool:
    return gateway in service.gateways and service.visibility.allows(namespace)
