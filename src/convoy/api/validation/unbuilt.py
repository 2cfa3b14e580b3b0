"""Fields and values of the API that Convoy does not support yet: refused by name, never silently accepted.

`BUILT` says per kind what works, in one place; everything else of the kind's shape is refused when it is set.
A line `field` stands for the field with all it contains; `field = A B` for these values alone (compared
without regard to case), also where the field is left out and its default is another value.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.paths import child_path, item_path, quote
from convoy.api.problems import Problem

_POLICY = """
    tls.mode = DISABLE ISTIO_MUTUAL
    tls.subjectAltNames
    tls.sni
    loadBalancer.simple = ROUND_ROBIN LEAST_REQUEST LEAST_CONN RANDOM
"""
_FULL_POLICY = f"""
    {_POLICY}
    connectionPool.tcp.connectTimeout
    portLevelSettings.port
    {_POLICY.replace("tls.", "portLevelSettings.tls.").replace("loadB", "portLevelSettings.loadB")}
"""


def _within(field: str, lines: str) -> str:
    return "\n".join(f"{field}.{line.strip()}" for line in lines.splitlines() if line.strip())


BUILT: Mapping[str, str] = {
    "VirtualService": """
        hosts
        gateways
        exportTo = . *
        http.name
        http.match.name
        http.match.uri
        http.match.ignoreUriCase
        http.match.scheme
        http.match.method
        http.match.authority
        http.match.headers
        http.match.withoutHeaders
        http.match.queryParams
        http.match.port
        http.match.sourceLabels
        http.match.sourceNamespace
        http.match.gateways
        http.route.destination
        http.route.weight
        http.timeout
        http.retries.attempts
        http.retries.perTryTimeout
        http.retries.retryOn
    """,
    "DestinationRule": f"""
        host
        exportTo = . *
        {_within("trafficPolicy", _FULL_POLICY)}
        subsets.name
        subsets.labels
        {_within("subsets.trafficPolicy", _FULL_POLICY)}
    """,
    "ServiceEntry": """
        hosts
        addresses
        ports
        location
        resolution = STATIC DNS
        endpoints
        subjectAltNames
        exportTo = . *
    """,
    "Gateway": """
        selector
        servers.name
        servers.hosts
        servers.port.number
        servers.port.name
        servers.port.protocol = HTTP HTTP2 GRPC TLS
        servers.port.targetPort
        servers.tls.mode = AUTO_PASSTHROUGH
    """,
    "PeerAuthentication": """
        selector
        mtls
        portLevelMtls
    """,
}


class BuiltFields(msgspec.Struct):
    """What is built below a field: named fields, or certain values, or everything."""

    fields: dict[str, "BuiltFields"] = {}
    values: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether everything is."""
        return not self.fields and not self.values

    def below(self, field: str) -> "BuiltFields | None":
        """What is built of a field within; None when nothing is."""
        return self if self.is_whole else self.fields.get(field)


EVERYTHING = BuiltFields()


def _tree(lines: str) -> BuiltFields:
    root = BuiltFields()
    for line in lines.split("\n"):
        path, _, values = line.partition("=")
        node = root
        for name in path.strip().split(".") if path.strip() else ():
            node = node.fields.setdefault(name, BuiltFields())
        node.values = frozenset(values.split())
    return root


_TREES = {kind: _tree(lines) for kind, lines in BUILT.items()}


def built_fields(kind: str) -> BuiltFields:
    """What is built of the spec of a kind; of Kubernetes kinds, everything that their structs have."""
    return _TREES.get(kind, EVERYTHING)


def find_unbuilt(obj: ApiObject) -> list[Problem]:
    """Every field or value of the object's spec that is set but not supported; none for Kubernetes kinds."""
    tree = _TREES.get(obj.kind)
    return list(_walk(getattr(obj, "spec", None), tree, "spec")) if tree else []


def _walk(value: Any, node: BuiltFields, path: str) -> Iterator[Problem]:
    if value is None or node.is_whole:
        return
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _walk(item, node, item_path(path, i))
    elif node.values:
        if str(value).upper() not in node.values:
            message = f"{quote(str(value))} is not supported yet."
            yield _problem(path, message, f"Use {' or '.join(map(quote, sorted(node.values)))}.")
    elif isinstance(value, msgspec.Struct):
        yield from _walk_struct(value, node, path)


def _walk_struct(value: msgspec.Struct, node: BuiltFields, path: str) -> Iterator[Problem]:
    for field in _fields(type(value)):
        inner, below = getattr(value, field.name), node.fields.get(field.encode_name)
        here = child_path(path, field.encode_name)
        if below is not None:
            yield from _walk(inner, below, here)
        elif inner != _default(field):
            yield _problem(here, "is not supported yet.", "Remove the field.")


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(struct)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _problem(path: str, message: str, remedy: str) -> Problem:
    return Problem(code=codes.NOT_BUILT_FIELD, field=path, message=message, remedy=remedy)
