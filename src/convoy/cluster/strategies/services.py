"""What Services, Endpoints and EndpointSlices must satisfy.

Source: the API reference of each kind.
"""

import ipaddress
from typing import Any

from convoy.cluster.machinery.statuses import (
    Cause,
    field_forbidden,
    field_invalid,
    field_not_supported,
    field_required,
)
from convoy.cluster.schema.wording import quoted
from convoy.cluster.strategies.checks import duplicates, one_of, port_number
from convoy.cluster.strategies.names import DNS_LABEL, DNS_SUBDOMAIN, check_labels, check_name
from convoy.cluster.strategies.pods import check_port_name

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_POLICIES = ("Cluster", "Local")


def validate_service(obj: dict[str, Any]) -> list[Cause]:
    """A Service; its addresses and node ports are checked where they are given out."""
    spec = obj.get("spec") or {}
    kind = spec.get("type")
    causes = check_labels("spec.selector", spec.get("selector") or {})
    if kind not in _TYPES:
        causes.append(field_not_supported("spec.type", str(kind or ""), _TYPES))
    ports = spec.get("ports") or []
    if kind == "ExternalName":
        causes += _validate_external(spec)
    elif not ports and spec.get("clusterIP") != "None":
        causes.append(field_required("spec.ports"))
    if spec.get("clusterIP") == "None" and kind in ("NodePort", "LoadBalancer"):
        why = f"may not be set to 'None' for {kind} services"
        causes.append(field_invalid("spec.clusterIPs[0]", '"None"', why))
    causes += _validate_ports(ports, kind)
    causes += one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    causes += one_of("spec.internalTrafficPolicy", spec.get("internalTrafficPolicy"), _POLICIES)
    causes += one_of("spec.externalTrafficPolicy", spec.get("externalTrafficPolicy"), _POLICIES)
    for index, address in enumerate(spec.get("externalIPs") or []):
        causes += check_address(f"spec.externalIPs[{index}]", address)
    return causes


def _validate_external(spec: dict[str, Any]) -> list[Cause]:
    if spec.get("clusterIP"):
        return [field_forbidden("spec.clusterIPs", "may not be set for ExternalName services")]
    name = (spec.get("externalName") or "").removesuffix(".")
    return (
        check_name("spec.externalName", name, DNS_SUBDOMAIN)
        if name
        else [field_required("spec.externalName")]
    )


def _validate_ports(ports: list[dict[str, Any]], kind: Any) -> list[Cause]:
    causes = duplicates("spec.ports", (port.get("name") or None for port in ports))
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        if len(ports) > 1 and not port.get("name"):
            causes.append(field_required(f"{path}.name"))
        elif port.get("name"):
            causes += check_name(f"{path}.name", port["name"], DNS_LABEL)
        number = port.get("port")
        causes += port_number(f"{path}.port", number if number is not None else 0)
        causes += one_of(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
        target = port.get("targetPort")
        is_name = isinstance(target, str)
        causes += (check_port_name if is_name else port_number)(f"{path}.targetPort", target)  # type: ignore[arg-type]
        if port.get("nodePort") and kind == "ClusterIP":
            why = "may not be used when `type` is 'ClusterIP'"
            causes.append(field_forbidden(f"{path}.nodePort", why))
        if (key := (port.get("protocol"), number)) in seen:
            shown = f'{{"port":{number},"protocol":"{port.get("protocol")}"}}'
            causes.append(Cause("FieldValueDuplicate", f"Duplicate value: {shown}", path))
        seen.add(key)
    return causes


def check_address(path: str, text: Any) -> list[Cause]:
    """An IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return [
            field_invalid(path, quoted(text), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
        ]
    return []


def validate_service_update(obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    """A ClusterIP, once given, stays while the Service keeps having one."""
    new_spec, old_spec = obj.get("spec") or {}, old.get("spec") or {}
    before, after = old_spec.get("clusterIP"), new_spec.get("clusterIP")
    if "ExternalName" in (old_spec.get("type"), new_spec.get("type")) or not before or before == after:
        return []
    shown = f"[]string{{{quoted(after)}}}" if after else "[]string(nil)"
    why = "may not change once set"
    return [
        field_invalid("spec.clusterIPs[0]", shown, why)
        if after
        else field_invalid("spec.clusterIP", '""', why)
    ]


def validate_endpoints(obj: dict[str, Any]) -> list[Cause]:
    """An Endpoints object."""
    causes: list[Cause] = []
    for index, subset in enumerate(obj.get("subsets") or []):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            causes.append(field_required(path, "must specify `addresses` or `notReadyAddresses`"))
        for field in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(field) or []):
                causes += check_address(f"{path}.{field}[{number}].ip", address.get("ip"))
        for number, port in enumerate(subset.get("ports") or []):
            causes += port_number(f"{path}.ports[{number}].port", port.get("port") or 0)
    return causes


def validate_endpoint_slice(obj: dict[str, Any]) -> list[Cause]:
    """An EndpointSlice."""
    family = obj.get("addressType")
    causes = one_of("addressType", family, ("FQDN", "IPv4", "IPv6"))
    if not family:
        causes.append(field_required("addressType"))
    for index, endpoint in enumerate(obj.get("endpoints") or []):
        addresses = endpoint.get("addresses") or []
        if not addresses:
            causes.append(field_required(f"endpoints[{index}].addresses", "must contain at least 1 address"))
        for number, address in enumerate(addresses):
            if family in ("IPv4", "IPv6"):
                causes += check_address(f"endpoints[{index}].addresses[{number}]", address)
    return causes
