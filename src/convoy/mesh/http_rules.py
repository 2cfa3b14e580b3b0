"""HTTP rules, prepared once per rule: names expanded, conditions, edits, retries and faults settled.

What depends on the proxy and its port is left as a filter, targets and the written redirect; `http_routes`
decides about those.
"""

from collections.abc import Iterator

import msgspec

from convoy.api.istio.common import Destination
from convoy.api.istio.virtual_service import HttpMatchRequest, HttpRedirect, HttpRoute
from convoy.api.meta import Hostname
from convoy.mesh.cors import build_cors
from convoy.mesh.delegates import PlacedRoute
from convoy.mesh.durations import milliseconds
from convoy.mesh.gateway_names import resolve_gateway
from convoy.mesh.http_actions import build_answer, build_edits, build_fault, build_rewrite, build_share
from convoy.mesh.http_matches import build_match
from convoy.mesh.model import (
    NO_EDITS,
    HeaderEdits,
    Labels,
    Part,
    RetryPolicy,
    RouteMatch,
    RouteRule,
    RuleRef,
)
from convoy.mesh.retries import build_retries
from convoy.mesh.short_names import expand_host


class RuleFilter(Part, frozen=True, cache_hash=True):
    """For which proxies and ports a rule is there at all; empty fields: for all."""

    port: int | None = None
    labels: Labels = ()
    namespace: str = ""
    gateways: tuple[str, ...] = ()


class Target(Part, frozen=True, cache_hash=True):
    """A destination with its host expanded. `port` None: the service's only port, else the listener's."""

    host: Hostname
    subset: str
    port: int | None
    weight: int
    edits: HeaderEdits = NO_EDITS


class MirrorTarget(Part, frozen=True, cache_hash=True):
    """A mirror with its host expanded; `share` in millionths, more than 0."""

    target: Target
    share: int


class PreparedRule(Part, frozen=True, cache_hash=True):
    """One match of one HTTP rule: `template` is the rule without what differs between proxies and ports."""

    template: RouteRule
    filter: RuleFilter
    targets: tuple[Target, ...]
    mirrors: tuple[MirrorTarget, ...]
    redirect: HttpRedirect | None
    reached: tuple[Hostname, ...]
    """The hosts of targets and mirrors: on their ports it depends, too."""

    @property
    def match(self) -> RouteMatch:
        """What is asked of each request."""
        return self.template.match


def prepare_route(placed: PlacedRoute, domain: str, retries: RetryPolicy) -> Iterator[PreparedRule]:
    """One rule for each match; `retries` is what a rule has that says nothing of them."""
    route = placed.route
    metadata = placed.service.metadata
    targets = tuple(_targets(route, metadata.namespace, domain))
    mirrors = tuple(_mirrors(route, metadata.namespace, domain))
    reached = tuple(target.host for target in (*targets, *(mirror.target for mirror in mirrors)))
    common = _template(route, retries)
    ref = placed.service.spec.http[placed.index].name or f"http[{placed.index}]"
    for number, request in enumerate(route.match or [HttpMatchRequest()]):
        several = f".match[{number}]" if len(route.match) > 1 else ""
        match = build_match(request)
        yield PreparedRule(
            template=msgspec.structs.replace(
                common,
                match=match,
                rewrite=build_rewrite(route.rewrite, match),
                stat_prefix=request.stat_prefix,
                origin=RuleRef("VirtualService", metadata.namespace, metadata.name, ref + several),
                name=".".join(part for part in (route.name or "default", request.name) if part),
            ),
            filter=_filter(request, metadata.namespace),
            targets=targets,
            mirrors=mirrors,
            redirect=route.redirect,
            reached=reached,
        )


def _template(route: HttpRoute, retries: RetryPolicy) -> RouteRule:
    """What all matches of a rule share."""
    authority = route.rewrite.authority if route.rewrite else ""
    return RouteRule(
        match=RouteMatch(),
        destinations=(),
        timeout_ms=milliseconds(route.timeout),
        retries=build_retries(route.retries, retries),
        answer=build_answer(route.direct_response),
        edits=build_edits(route.headers, authority=authority),
        fault=build_fault(route.fault),
        cors=build_cors(route.cors_policy),
    )


def _targets(route: HttpRoute, namespace: str, domain: str) -> Iterator[Target]:
    # A lone destination gets everything, whatever its weight; among several, weight 0 means none.
    is_alone = len(route.route) == 1
    for written in route.route:
        target = _target(written.destination, namespace, domain)
        yield msgspec.structs.replace(
            target, weight=100 if is_alone else written.weight, edits=build_edits(written.headers)
        )


def _mirrors(route: HttpRoute, namespace: str, domain: str) -> Iterator[MirrorTarget]:
    percent = route.mirror_percent_alias if route.mirror_percent is None else route.mirror_percent
    lone = [(route.mirror, build_share(route.mirror_percentage, percent))] if route.mirror else []
    for destination, share in (
        *lone,
        *((mirror.destination, build_share(mirror.percentage)) for mirror in route.mirrors),
    ):
        if share:
            yield MirrorTarget(_target(destination, namespace, domain), share)


def _target(destination: Destination, namespace: str, domain: str) -> Target:
    return Target(
        host=expand_host(destination.host, namespace, domain),
        subset=destination.subset,
        port=destination.port.number if destination.port else None,
        weight=100,
    )


def _filter(request: HttpMatchRequest, namespace: str) -> RuleFilter:
    return RuleFilter(
        port=request.port,
        labels=tuple(sorted(request.source_labels.items())),
        namespace=request.source_namespace,
        gateways=tuple(sorted({resolve_gateway(name, namespace) for name in request.gateways})),
    )
