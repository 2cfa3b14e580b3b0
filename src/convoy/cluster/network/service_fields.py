"""The fields of a Service that follow from its type and from what it was given before. Pure.

The order of these steps on an update is that of the Kubernetes API server: what the type does not need any
more goes, singular and plural address are brought in line, what was allocated before and left out comes back.
Every function changes the `spec` it is given, which is the caller's own copy.
"""

from typing import Any

Spec = dict[str, Any]

HEADLESS = "None"
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def service_type(spec: Spec) -> str:
    """The type, which is ClusterIP when it is left out."""
    return str(spec.get("type") or "ClusterIP")


def needs_cluster_ip(spec: Spec) -> bool:
    """Whether the type has a clusterIP field, be it an address or "None"."""
    return service_type(spec) != "ExternalName"


def is_headless(spec: Spec) -> bool:
    """Whether its clusterIP says that it wants no address."""
    return spec.get("clusterIP") == HEADLESS


def needs_node_ports(spec: Spec) -> bool:
    """Whether every port gets a node port."""
    kind = service_type(spec)
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def is_reached_from_outside(spec: Spec) -> bool:
    """Whether externalTrafficPolicy means anything."""
    return service_type(spec) in _WITH_NODE_PORTS or bool(spec.get("externalIPs"))


def drop_unneeded(spec: Spec, old: Spec) -> None:
    """Take out what the old type needed and the new one does not, unless this very change set it."""
    if needs_cluster_ip(old) and not needs_cluster_ip(spec):
        for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            _drop_unchanged(spec, old, field)
    if needs_node_ports(old) and not needs_node_ports(spec) and _node_ports(spec) == _node_ports(old):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if service_type(old) == "LoadBalancer" != service_type(spec):
        _drop_unchanged(spec, old, "allocateLoadBalancerNodePorts")
        _drop_unchanged(spec, old, "loadBalancerClass")
    if is_reached_from_outside(old) and not is_reached_from_outside(spec):
        _drop_unchanged(spec, old, "externalTrafficPolicy")


def _drop_unchanged(spec: Spec, old: Spec, field: str) -> None:
    if spec.get(field) == old.get(field):
        spec.pop(field, None)


def _node_ports(spec: Spec) -> list[int | None]:
    return [port.get("nodePort") for port in spec.get("ports") or ()]


def align_cluster_ips(spec: Spec, old: Spec | None) -> None:
    """Bring clusterIPs in line with a clusterIP set or cleared by a client that knows only that."""
    address = spec.get("clusterIP") or ""
    if old is None:
        if address and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [address]
        return
    before = old.get("clusterIP") or ""
    if address != before and spec.get("clusterIPs") == old.get("clusterIPs"):
        if address:
            spec["clusterIPs"] = [address]
        else:
            spec.pop("clusterIPs", None)


def carry_over(spec: Spec, old: Spec) -> None:
    """Keep addresses and node ports that were given before and that this update leaves out."""
    if needs_cluster_ip(old) and needs_cluster_ip(spec):
        if not spec.get("clusterIP") and old.get("clusterIP"):
            spec["clusterIP"] = old["clusterIP"]
        if not spec.get("clusterIPs") and old.get("clusterIPs") and spec["clusterIP"] == old["clusterIP"]:
            spec["clusterIPs"] = list(old["clusterIPs"])
    if needs_node_ports(old) and needs_node_ports(spec):
        _carry_node_ports(spec, old)


def _carry_node_ports(spec: Spec, old: Spec) -> None:
    """By the port's name, and not when another port has taken the number meanwhile."""
    kept = {number for number in _node_ports(spec) if number}
    by_name = {port.get("name", ""): port.get("nodePort") for port in old.get("ports") or ()}
    for port in spec.get("ports") or ():
        before = by_name.get(port.get("name", ""))
        if not port.get("nodePort") and before and before not in kept:
            port["nodePort"] = before
            kept.add(before)


def set_ip_families(spec: Spec) -> None:
    """One family, IPv4; a headless Service without selector may have both: its endpoints are hand-written.

    https://kubernetes.io/docs/concepts/services-networking/dual-stack/#headless-services-without-selector
    """
    if not needs_cluster_ip(spec):
        return
    is_free = is_headless(spec) and not spec.get("selector")
    spec["ipFamilyPolicy"] = spec.get("ipFamilyPolicy") or ("RequireDualStack" if is_free else "SingleStack")
    if not spec.get("ipFamilies"):
        spec["ipFamilies"] = ["IPv4"]
    if is_free and spec["ipFamilyPolicy"] != "SingleStack" and spec["ipFamilies"] == ["IPv4"]:
        spec["ipFamilies"] = ["IPv4", "IPv6"]
