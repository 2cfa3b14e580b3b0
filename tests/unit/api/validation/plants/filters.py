"""The rules of ProxyConfigs and EnvoyFilters."""

from tests.unit.api.validation.planting import REMOVED, Plant
from tests.unit.api.validation.plants.making import HCM, envoy, listener

from convoy.api import codes

_REGEX = {"match": {"cluster": {}, "proxy": {"proxyVersion": "(?=a)"}}}
PLANTS: tuple[Plant, ...] = (
    Plant("concurrency", "ProxyConfig", {"concurrency": -1}, codes.BAD_NUMBER, "spec.concurrency"),
    envoy("patch", {"applyTo": REMOVED}, codes.MISSING_FIELD, "applyTo"),
    envoy("patch", {"patch": REMOVED}, codes.MISSING_FIELD, "patch"),
    envoy("patch", {"patch": {"value": {}}}, codes.MISSING_FIELD, "patch.operation"),
    envoy("patch", {"patch": {"operation": "ADD"}}, codes.MISSING_FIELD, "patch.value"),
    envoy("patch match", {"match": {"listener": {}}}, codes.CONFLICT, "match.listener"),
    envoy("patch match", {"match": {"listener": {}, "cluster": {}}}, codes.CONFLICT, "match"),
    envoy(
        "patch match",
        {"applyTo": "HTTP_FILTER", "match": {"routeConfiguration": {}}},
        codes.CONFLICT,
        "match.routeConfiguration",
    ),
    envoy(
        "patch match", {"applyTo": "VIRTUAL_HOST", "match": {"cluster": {}}}, codes.CONFLICT, "match.cluster"
    ),
    envoy(
        "patch filter",
        {"applyTo": "NETWORK_FILTER", **listener({})},
        codes.MISSING_FIELD,
        "match.listener.filterChain.filter.name",
    ),
    envoy(
        "patch filter",
        {"applyTo": "NETWORK_FILTER", **listener({"name": HCM, "subFilter": {"name": "a"}})},
        codes.CONFLICT,
        "match.listener.filterChain.filter.subFilter",
    ),
    envoy(
        "patch filter",
        {"applyTo": "HTTP_FILTER", **listener({"name": "a", "subFilter": {"name": "a"}})},
        codes.CONFLICT,
        "match.listener.filterChain.filter.subFilter",
    ),
    envoy(
        "patch filter",
        {"applyTo": "HTTP_FILTER", **listener({"name": HCM, "subFilter": {}})},
        codes.MISSING_FIELD,
        "match.listener.filterChain.filter.subFilter.name",
    ),
    envoy("patch version", _REGEX, codes.BAD_REGEX, "match.proxy.proxyVersion"),
    envoy(
        "patch version",
        {"match": {"cluster": {}, "proxy": {"proxyVersion": "a" * 1025}}},
        codes.NO_EFFECT,
        "match.proxy.proxyVersion",
    ),
    envoy(
        "patch effect",
        {"applyTo": "LISTENER", **listener({"name": "a"})},
        codes.NO_EFFECT,
        "match.listener.filterChain.filter",
    ),
    Plant("patch internal", "EnvoyFilter", {}, codes.RISKY, "spec"),
    envoy("waypoint", {"match": {"context": "WAYPOINT"}}, codes.CONFLICT, "match.waypoint"),
    envoy("waypoint", {"match": {"waypoint": {}}}, codes.CONFLICT, "match.waypoint"),
)
