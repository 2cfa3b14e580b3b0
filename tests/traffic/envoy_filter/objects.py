"""EnvoyFilters as tests write them."""

from collections.abc import Mapping
from typing import Any

import yaml

Json = dict[str, Any]

MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = "envoy.filters.http.router"
TCP_PROXY = "envoy.filters.network.tcp_proxy"
_LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"


def envoy_filter(
    *patches: Json,
    name: str = "tested",
    namespace: str = "default",
    labels: Mapping[str, str] | None = None,
    **spec: Any,
) -> str:
    """An EnvoyFilter, for the pods with these labels where some are given."""
    selector = {"workloadSelector": {"labels": dict(labels)}} if labels else {}
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {**selector, "configPatches": list(patches), **spec},
        }
    )


def patch(
    apply_to: str,
    operation: str,
    value: Json | None = None,
    *,
    context: str = "ANY",
    filter_class: str = "",
    **match: Any,
) -> Json:
    """One patch; the rest is its match."""
    change: Json = {"operation": operation}
    if value is not None:
        change["value"] = value
    if filter_class:
        change["filterClass"] = filter_class
    return {"applyTo": apply_to, "match": {"context": context, **match}, "patch": change}


def http_filters(before: str = "", **listener: Any) -> Json:
    """A match of HTTP filters, of the one named `before` if that is given."""
    chosen: Json = {"name": MANAGER, **({"subFilter": {"name": before}} if before else {})}
    return {"listener": {**listener, "filterChain": {"filter": chosen}}}


def telling(word: str) -> Json:
    """An HTTP filter that adds a word to the header `x-told` of requests."""
    code = f"function envoy_on_request(handle) handle:headers():add('x-told', '{word}') end"
    config = {"@type": _LUA, "default_source_code": {"inline_string": code}}
    return {"name": f"telling.{word}", "typed_config": config}


def adding(word: str) -> Json:
    """What adds the same header, as a route, a virtual host or a route configuration has it."""
    return {"request_headers_to_add": [{"header": {"key": "x-told", "value": word}}]}


def answering(word: str, *, prefix: str = "/") -> Json:
    """A route that answers by itself."""
    body = {"inline_string": word}
    return {
        "name": word,
        "match": {"prefix": prefix},
        "direct_response": {"status": 200, "body": body},
    }
