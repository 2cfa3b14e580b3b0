"""The endpoints of every upstream, service by service: what all views share, and where a view differs."""

from collections.abc import Iterable, Mapping

import msgspec

from convoy.api.meta import Hostname
from convoy.mesh.assignments import EndpointSelector, select_endpoints
from convoy.mesh.endpoints import Endpoints
from convoy.mesh.facts import Ground
from convoy.mesh.memory import Memory
from convoy.mesh.model import Assignment, EndpointKey, LocalityPolicy, Resolution, UpstreamKey, ViewKey
from convoy.mesh.pods import local_network
from convoy.mesh.revisions import Revision
from convoy.mesh.upstreams import PlannedUpstream
from convoy.mesh.views import Planned, upstream_order

Shared = Revision[UpstreamKey, Assignment]
Own = Mapping[ViewKey, Mapping[UpstreamKey, Assignment]]
"""Where the endpoints that a view sees are others; views and upstreams without any difference are absent."""


class Assignments(msgspec.Struct, frozen=True, eq=False):
    """All assignments, and what they were made of."""

    shared: Shared
    own: Own
    endpoints: Endpoints
    planned: Mapping[ViewKey, Planned]


def recall_assignments(
    ground: Ground, planned: Mapping[ViewKey, Planned], views: Iterable[ViewKey], memory: Memory
) -> Assignments:
    """The assignments of these views, given in their order; made again for the hosts of which endpoints or
    upstreams changed.
    """
    order = tuple(views)

    def revised(before: Assignments | None) -> Assignments:
        hosts = _changed_hosts(before, ground, planned) if before else None
        if before is None or hosts is None:
            return _assign_all(ground, planned, order)
        return _assign_again(before, hosts, ground, planned, order)

    return memory.revise(("assignments", ground.registry, ground.settings, *order), revised)


def _changed_hosts(
    before: Assignments, ground: Ground, planned: Mapping[ViewKey, Planned]
) -> set[Hostname] | None:
    keys = ground.endpoints.changed_since(before.endpoints)
    if keys is None:
        return None
    hosts: set[Hostname] = {key.hostname for key in keys}
    for view, plans in planned.items():
        old = before.planned[view]
        if plans is not old:
            hosts.update(host for host, one in plans.items() if old.get(host) is not one)
            hosts.update(old.keys() - plans.keys())
    return hosts


def _assign_all(
    ground: Ground, planned: Mapping[ViewKey, Planned], order: tuple[ViewKey, ...]
) -> Assignments:
    hosts = dict.fromkeys(host for view in order for host in planned[view])
    shared: dict[UpstreamKey, Assignment] = {}
    own: dict[ViewKey, dict[UpstreamKey, Assignment]] = {}
    for host in hosts:
        _assign_host(host, ground, planned, order, shared=shared, own=own)
    in_order = sorted(shared.items(), key=lambda item: upstream_order(item[0]))
    return Assignments(
        Revision(in_order, order=upstream_order), _sorted(own, order), ground.endpoints, planned
    )


def _assign_again(
    before: Assignments,
    hosts: set[Hostname],
    ground: Ground,
    planned: Mapping[ViewKey, Planned],
    order: tuple[ViewKey, ...],
) -> Assignments:
    shared: dict[UpstreamKey, Assignment] = {}
    own = {
        view: {key: one for key, one in keys.items() if key.hostname not in hosts}
        for view, keys in before.own.items()
    }
    for host in hosts:
        _assign_host(host, ground, planned, order, shared=shared, own=own)
    gone = _named_before(before, hosts) - shared.keys()
    return Assignments(
        before.shared.revised(shared, gone),
        _kept(_sorted(own, order), before.own),
        ground.endpoints,
        planned,
    )


def _named_before(before: Assignments, hosts: set[Hostname]) -> set[UpstreamKey]:
    return {
        one.upstream.key for plans in before.planned.values() for host in hosts for one in plans.get(host, ())
    }


def _assign_host(
    host: Hostname,
    ground: Ground,
    planned: Mapping[ViewKey, Planned],
    order: tuple[ViewKey, ...],
    *,
    shared: dict[UpstreamKey, Assignment],
    own: dict[ViewKey, dict[UpstreamKey, Assignment]],
) -> None:
    made: dict[tuple[UpstreamKey, EndpointSelector, LocalityPolicy | None], Assignment] = {}
    alike: set[int] = set()
    for view in _sharing_order(host, ground, planned, order):
        plans = planned[view][host]
        if id(plans) in alike:
            continue
        differing = {}
        for one in plans:
            if one.upstream.resolution is Resolution.ENDPOINTS:
                key = one.upstream.key
                question = (key, one.selector, one.locality)
                assignment = made.get(question) or made.setdefault(question, _assign(one, ground))
                if shared.setdefault(key, assignment) != assignment:
                    differing[key] = assignment
        if differing:
            own.setdefault(view, {}).update(differing)
        else:
            alike.add(id(plans))


def _assign(one: PlannedUpstream, ground: Ground) -> Assignment:
    key, selector = one.upstream.key, one.selector
    endpoints = ground.endpoints[EndpointKey(key.hostname, key.port, selector.rank)]
    return Assignment(key, select_endpoints(endpoints, selector), one.locality)


def _sharing_order(
    host: Hostname, ground: Ground, planned: Mapping[ViewKey, Planned], order: tuple[ViewKey, ...]
) -> list[ViewKey]:
    """Views of the service's own namespace first: what they see is what is shared."""
    owner = ground.registry.by_host[host].service.namespace
    home = local_network(ground.settings)
    views = [view for view in order if host in planned[view]]
    return sorted(views, key=lambda view: (view.network != home, view.namespace != owner))


def _sorted(own: Mapping[ViewKey, Mapping[UpstreamKey, Assignment]], order: tuple[ViewKey, ...]) -> Own:
    return {view: own[view] for view in order if own.get(view)}


def _kept(new: Own, old: Own) -> Own:
    return old if new == old else new
