"""In which order, and with which shares, a proxy uses endpoints in several localities.

Istio's rules (https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/): shares where a
`distribute` is about the caller's locality; else, with outlier detection, the nearest first: the same
subzone, zone, region, then the others. `failover` puts one region before the rest of these,
`failoverPriority` puts the number of labels that match before all of that.

Envoy's zone-aware routing needs to know how many callers there are in each zone. A proxy would have to be
told so with a cluster of its own; here the shares that Envoy would compute are computed, so that the
assignment alone decides: callers stay in their locality as far as its share of endpoints covers their share
of callers, and what is left goes where there are more endpoints than callers.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from convoy.mesh.model import DnsEndpoint, Endpoint, LocalityPolicy, Vantage

_SHARES = 10_000
"""Parts in which computed shares are expressed."""

_SAME_SUBZONE, _SAME_ZONE, _SAME_REGION, _ELSEWHERE, _LAST = range(5)
_STEPS = 5
"""Places that localities give to endpoints whose labels match equally."""


class Group(NamedTuple):
    """Endpoints of one locality and priority; 0 is the first priority."""

    priority: int
    locality: str
    weight: int
    members: Sequence[Endpoint | DnsEndpoint]


def place(
    endpoints: Iterable[Endpoint | DnsEndpoint], policy: LocalityPolicy | None, vantage: Vantage
) -> list[Group]:
    """The endpoints as a proxy sees them, sorted by priority, locality and address."""
    ranked: dict[tuple[int, str], list[Endpoint | DnsEndpoint]] = {}
    in_order = sorted(endpoints, key=lambda endpoint: (endpoint.locality, endpoint.address, endpoint.port))
    for locality, members in groupby(in_order, key=lambda endpoint: endpoint.locality):
        if policy is None or not policy.fails_over:
            ranked[0, locality] = list(members)
            continue
        near = _nearness(vantage.locality, locality, policy)
        for member in members:
            rank = _unmatched(member, policy, vantage) * _STEPS + near
            ranked.setdefault((rank, locality), []).append(member)
    groups = _with_dense_priorities(ranked)
    if policy and policy.distributions:
        return _distributed(groups, policy, vantage)
    if policy and policy.zone_aware_from is not None:
        return _zone_aware(groups, policy.zone_aware_from, vantage)
    return groups


def matches(locality: str, pattern: str) -> bool:
    """Whether a locality is one that a pattern means: `region/zone/subzone`, shortened or with `*` parts."""
    parts, wanted = _parts(locality), _parts(pattern)
    return all(want in (part, "*", "") for part, want in zip(parts, wanted, strict=True))


def _parts(locality: str) -> tuple[str, ...]:
    return (*locality.split("/", 2), "", "")[:3]


def _nearness(caller: str, locality: str, policy: LocalityPolicy) -> int:
    (region, zone, subzone), other = _parts(caller), _parts(locality)
    if region != other[0]:
        wanted = next((to for origin, to in policy.failover_regions if origin == region), None)
        return _ELSEWHERE if wanted in (None, other[0]) else _LAST
    if policy.zone_aware_from is not None:
        return _SAME_SUBZONE  # the zones of a region share the work
    if zone != other[1]:
        return _SAME_REGION
    return _SAME_SUBZONE if subzone == other[2] else _SAME_ZONE


def _unmatched(endpoint: Endpoint | DnsEndpoint, policy: LocalityPolicy, vantage: Vantage) -> int:
    """How many of the labels are left from the first one on that the endpoint does not share."""
    own, callers = dict(endpoint.labels), dict(vantage.labels)
    for index, label in enumerate(policy.priority_labels):
        key, equals, stated = label.partition("=")
        wanted = stated if equals else callers.get(key, "")
        if own.get(key, "") != wanted:
            return len(policy.priority_labels) - index
    return 0


def _with_dense_priorities(ranked: dict[tuple[int, str], list[Endpoint | DnsEndpoint]]) -> list[Group]:
    """Envoy wants priorities without gaps."""
    ranks = {rank: priority for priority, rank in enumerate(sorted({rank for rank, _ in ranked}))}
    return [
        Group(ranks[rank], locality, sum(member.weight for member in members), members)
        for (rank, locality), members in sorted(ranked.items(), key=lambda item: item[0])
    ]


def _distributed(groups: list[Group], policy: LocalityPolicy, vantage: Vantage) -> list[Group]:
    """Localities that no share is for get nothing. Within a share each weighs what its endpoints weigh."""
    shares = next((one.shares for one in policy.distributions if matches(vantage.locality, one.origin)), None)
    if shares is None:
        return groups
    left, result = list(groups), []
    for pattern, share in shares:
        chosen = [group for group in left if matches(group.locality, pattern)]
        left = [group for group in left if group not in chosen]
        total = sum(group.weight for group in chosen)
        result += [group._replace(weight=-(-group.weight * share // total)) for group in chosen]
    return sorted((group for group in result if group.weight), key=lambda group: group.locality)


def _zone_aware(groups: list[Group], smallest: int, vantage: Vantage) -> list[Group]:
    first = [group for group in groups if group.priority == 0]
    callers = dict(vantage.peers)
    is_here = any(group.locality == vantage.locality for group in first)
    if not is_here or not callers.get(vantage.locality) or _count(first) < smallest:
        return groups
    weights = _zone_weights({group.locality: group.weight for group in first}, callers, vantage.locality)
    served = [group._replace(weight=weights[group.locality]) for group in first if weights[group.locality]]
    # Nothing goes to the others while there is somebody else: they are the next priority.
    spare = [group._replace(priority=1) for group in first if not weights[group.locality]]
    shift = 1 if spare else 0
    rest = [group._replace(priority=group.priority + shift) for group in groups if group.priority]
    return [*served, *spare, *rest]


def _count(groups: Iterable[Group]) -> int:
    return sum(len(group.members) for group in groups)


def _zone_weights(endpoints: dict[str, int], callers: dict[str, int], here: str) -> dict[str, int]:
    served, calling = sum(endpoints.values()), sum(callers.values())
    surplus = {
        locality: weight / served - callers.get(locality, 0) / calling
        for locality, weight in endpoints.items()
    }
    if surplus[here] >= 0:
        return {locality: int(locality == here) for locality in endpoints}
    kept = endpoints[here] / served / (callers[here] / calling)
    spare = {locality: max(0.0, more) for locality, more in surplus.items() if locality != here}
    total = sum(spare.values())
    shares = {locality: round(_SHARES * (1 - kept) * more / total) for locality, more in spare.items()}
    return {**shares, here: round(_SHARES * kept)}
