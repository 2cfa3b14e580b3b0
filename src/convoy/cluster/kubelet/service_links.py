"""The variables by which containers find Services, as it was before there was cluster DNS. Pure.

https://kubernetes.io/docs/concepts/containers/container-environment/#cluster-information
"""

from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]
_MASTER = ("default", "kubernetes")


def service_variables(services: Iterable[Json], namespace: str, *, links: bool) -> dict[str, str]:
    """For a pod of `namespace`: of its Services if it wants `links`, and of the API server in any case."""
    variables: dict[str, str] = {}
    for service in services:
        metadata = service["metadata"]
        place = (metadata.get("namespace"), metadata["name"])
        if place == _MASTER or (links and place[0] == namespace):
            variables |= _of_service(metadata["name"], service.get("spec") or {})
    return variables


def _of_service(name: str, spec: Json) -> dict[str, str]:
    address, ports = spec.get("clusterIP"), spec.get("ports") or []
    if address in (None, "", "None") or not ports:
        return {}
    prefix = name.upper().replace("-", "_").replace(".", "_")
    variables = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            own = str(port["name"]).upper().replace("-", "_")
            variables[f"{prefix}_SERVICE_PORT_{own}"] = str(port["port"])
    first, number = (ports[0].get("protocol") or "TCP"), ports[0]["port"]
    variables[f"{prefix}_PORT"] = f"{first.lower()}://{address}:{number}"
    for port in ports:
        protocol = port.get("protocol") or "TCP"
        link = f"{prefix}_PORT_{port['port']}_{protocol}"
        variables[link] = f"{protocol.lower()}://{address}:{port['port']}"
        variables[f"{link}_PROTO"] = protocol.lower()
        variables[f"{link}_PORT"] = str(port["port"])
        variables[f"{link}_ADDR"] = address
    return variables
