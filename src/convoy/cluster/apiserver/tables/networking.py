"""Services and what leads to them: Endpoints, EndpointSlices, Ingresses, NetworkPolicies."""

from collections.abc import Iterable, Sequence

from convoy.cluster.apiserver.tables.columns import AGE, NAME, Obj, at, look, printer, text, wide
from convoy.cluster.apiserver.tables.words import (
    NONE,
    UNSET,
    join_some,
    labels,
    load_balancer,
)
from convoy.cluster.store.selectors import label_selector_text

_MOST_ADDRESSES = 3
_MOST_HOSTS = 3


def _external_addresses(service: Obj) -> str:
    spec = service.get("spec") or {}
    own: Sequence[str] = spec.get("externalIPs") or ()
    kind = spec.get("type") or "ClusterIP"
    if kind == "ExternalName":
        return str(spec.get("externalName") or "")
    if kind != "LoadBalancer":
        return ",".join(own) or NONE
    given = load_balancer(service.get("status"))
    return ",".join([*([given] if given else ()), *own]) or "<pending>"


def _cluster_address(service: Obj) -> str:
    spec = service.get("spec") or {}
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP")]
    return str(addresses[0] or NONE)


def _service_ports(service: Obj) -> str:
    ports: Iterable[Obj] = look(service, "spec", "ports") or ()
    return ",".join(_service_port(port) for port in ports) or NONE


def _service_port(port: Obj) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node_port}/{port.get('protocol') or 'TCP'}"


SERVICE = printer(
    NAME,
    text("Type", "How it can be reached.", at("spec", "type", missing="ClusterIP")),
    text("Cluster-IP", "Its address inside the cluster.", _cluster_address),
    text("External-IP", "Its addresses for others.", _external_addresses),
    text("Port(s)", "Its ports, with those on the nodes after a colon.", _service_ports),
    AGE,
    wide("Selector", "Labels of the pods behind it.", lambda o: labels(look(o, "spec", "selector"))),
)


def _endpoints(obj: Obj) -> str:
    subsets: Sequence[Obj] = obj.get("subsets") or ()
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [each.get("ip", "") for each in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        found += [_host_port(each, port.get("port")) for port in ports for each in addresses]
        found += addresses if not ports else ()
    return join_some(found, _MOST_ADDRESSES)


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


ENDPOINTS = printer(NAME, text("Endpoints", "Addresses and ports that are ready.", _endpoints), AGE)


def _slice_ports(obj: Obj) -> str:
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    return join_some(ports, _MOST_ADDRESSES) or UNSET


def _slice_endpoints(obj: Obj) -> str:
    endpoints = obj.get("endpoints") or ()
    addresses = [address for endpoint in endpoints for address in endpoint.get("addresses") or ()]
    return join_some(addresses, _MOST_ADDRESSES) or UNSET


ENDPOINT_SLICE = printer(
    NAME,
    text("AddressType", "IPv4, IPv6 or FQDN.", at("addressType")),
    text("Ports", "Ports of each endpoint.", _slice_ports),
    text("Endpoints", "Addresses, whether they are ready or not.", _slice_endpoints),
    AGE,
)


def _ingress_hosts(obj: Obj) -> str:
    hosts = [rule["host"] for rule in look(obj, "spec", "rules") or () if rule.get("host")]
    return join_some(hosts, _MOST_HOSTS) or "*"


INGRESS = printer(
    NAME,
    text("Class", "The IngressClass that serves it.", at("spec", "ingressClassName", missing=NONE)),
    text("Hosts", "Hosts that its rules are for.", _ingress_hosts),
    text("Address", "Addresses of the load balancer.", lambda o: load_balancer(o.get("status"))),
    text("Ports", "Ports on which it listens.", lambda o: "80, 443" if look(o, "spec", "tls") else "80"),
    AGE,
)


def _class_parameters(obj: Obj) -> str:
    parameters = look(obj, "spec", "parameters")
    if not parameters:
        return NONE
    group = parameters.get("apiGroup")
    kind = f"{parameters.get('kind')}.{group}" if group else parameters.get("kind")
    return f"{kind}/{parameters.get('name')}"


INGRESS_CLASS = printer(
    NAME,
    text("Controller", "Who serves Ingresses of the class.", at("spec", "controller")),
    text("Parameters", "The object with further settings.", _class_parameters),
    AGE,
)

NETWORK_POLICY = printer(
    NAME,
    text(
        "Pod-Selector",
        "Which pods it is for.",
        lambda o: label_selector_text(look(o, "spec", "podSelector")) or NONE,
    ),
    AGE,
)
