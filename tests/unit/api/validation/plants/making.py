"""Ways to write plants: into which kind, and where."""

from typing import Any

from tests.unit.api.validation.planting import REMOVED, Plant

from convoy.api.codes import ProblemCode

ROUTE = [{"destination": {"host": "reviews"}}]
RULE = {"route": ROUTE}
LONG = "a" * 64


def vs(rule: str, changes: dict[str, Any], code: ProblemCode, field: str, base: str = "mesh") -> Plant:
    return Plant(rule, "VirtualService", changes, code, f"spec.{field}" if field else "spec", base)


def http(rule: str, part: dict[str, Any], code: ProblemCode, field: str, base: str = "mesh") -> Plant:
    """Into a new first HTTP rule, which has a condition and, where nothing else is said, a route."""
    answers = part.keys() & {"redirect", "directResponse", "delegate", "route"}
    whole = {"match": [{"uri": {"exact": "/planted"}}], **({} if answers else RULE), **part}
    return vs(rule, {"http[+]": whole}, code, f"http[0].{field}" if field else "http[0]", base)


def match(rule: str, part: dict[str, Any], code: ProblemCode, field: str, base: str = "mesh") -> Plant:
    return http(rule, {"match": [{"name": "planted", **part}]}, code, f"match[0].{field}", base)


def l4(rule: str, part: dict[str, Any], code: ProblemCode, field: str, base: str = "mesh") -> Plant:
    return vs(rule, {"tcp[+]": {"match": [{"port": 1}], **RULE, **part}}, code, f"tcp[0].{field}", base)


def tls(rule: str, part: dict[str, Any], code: ProblemCode, field: str, base: str = "mesh") -> Plant:
    changes = {"hosts": ["reviews"], "tls[+]": {"match": [{"sniHosts": ["reviews"]}], **RULE, **part}}
    return vs(rule, changes, code, f"tls[0].{field}", base)


def dr(rule: str, changes: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    return Plant(rule, "DestinationRule", changes, code, f"spec.{field}")


def policy(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    within = f"trafficPolicy.{field}" if field else "trafficPolicy"
    return dr(rule, {"trafficPolicy": part}, code, within)


def balancer(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    within = f"loadBalancer.{field}" if field else "loadBalancer"
    return policy(rule, {"loadBalancer": part, "outlierDetection": {}}, code, within)


def entry(rule: str, spec: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    """A ServiceEntry in place of the one there: what goes together is different for every resolution."""
    rest = dict.fromkeys(("addresses", "endpoints", "workloadSelector", "resolution"), REMOVED)
    ports = [{"number": 80, "name": "http", "protocol": "HTTP"}]
    whole = {**rest, "hosts": ["a.example.com"], "ports": ports, **spec}
    return Plant(rule, "ServiceEntry", whole, code, f"spec.{field}")


def static(rule: str, endpoint: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    spec = {"resolution": "STATIC", "endpoints": [endpoint]}
    return entry(rule, spec, code, f"endpoints[0].{field}")


def gw(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    """Into a new first server, plain HTTP where nothing else is said."""
    port = {"number": 80, "name": "planted", "protocol": "HTTP", **part.pop("port", {})}
    server = {"port": port, "hosts": ["*"], **part}
    return Plant(rule, "Gateway", {"servers[+]": server}, code, f"spec.servers[0].{field}")


def gw_tls(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    secured = {"port": {"number": 443, "protocol": "HTTPS"}, "tls": part}
    return gw(rule, secured, code, f"tls.{field}" if field else "tls")


def sidecar(rule: str, changes: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    return Plant(rule, "Sidecar", changes, code, f"spec.{field}" if field else "spec")


def ingress(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    listener = {"port": {"number": 1, "protocol": "HTTP"}, **part}
    return sidecar(rule, {"ingress": [listener]}, code, f"ingress[0].{field}" if field else "ingress[0]")


def egress(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    listener = {"port": {"number": 1, "protocol": "HTTP"}, "hosts": ["./*"], **part}
    return sidecar(rule, {"egress": [listener]}, code, f"egress[0].{field}")


def envoy(rule: str, part: dict[str, Any], code: ProblemCode, field: str) -> Plant:
    whole = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": {}}, **part}
    changed = {"configPatches[+]": {name: value for name, value in whole.items() if value is not REMOVED}}
    return Plant(rule, "EnvoyFilter", changed, code, f"spec.configPatches[0].{field}")


PAIR = {"serverCertificate": "/a", "privateKey": "/b"}
MUTUAL = {"mode": "MUTUAL", **PAIR, "caCertificates": "/c"}
HCM = "envoy.filters.network.http_connection_manager"


def listener(part: dict[str, Any]) -> dict[str, Any]:
    return {"match": {"listener": {"filterChain": {"filter": part}}}}
