"""What a pod's spec must satisfy, alone or in a template.

Source: the API reference of Pod; wording as users know it from a real API server. Paths begin at the spec's
own (`spec`, `spec.template.spec`).
"""

import re
from collections.abc import Sequence
from typing import Any

from convoy.cluster.machinery.statuses import (
    Cause,
    field_forbidden,
    field_invalid,
    field_not_supported,
    field_required,
)
from convoy.cluster.schema.quantities import parse_quantity
from convoy.cluster.schema.wording import quoted
from convoy.cluster.strategies.checks import duplicates, not_negative, one_of, port_number
from convoy.cluster.strategies.names import DNS_LABEL, DNS_SUBDOMAIN, check_labels, check_name

_RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PULL = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_HOOKS = ("exec", "httpGet", "sleep", "tcpSocket")
_PORT_NAME = re.compile("(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LIVENESS_SUCCESS = "must be 1"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def validate_pod_spec(path: str, spec: dict[str, Any], *, restarts: Sequence[str] = _RESTART) -> list[Cause]:
    """A PodSpec; `restarts` are the restart policies that fit where it stands."""
    volumes = spec.get("volumes") or []
    names = {volume.get("name") for volume in volumes}
    causes = _validate_volumes(f"{path}.volumes", volumes)
    containers = spec.get("containers") or []
    if not containers:
        causes.append(field_required(f"{path}.containers"))
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or []):
            here = f"{path}.{kind}[{index}]"
            causes += _validate_container(here, container, names, is_init=kind == "initContainers")
    everyone = [c.get("name") for kind in ("initContainers", "containers") for c in spec.get(kind) or []]
    causes += duplicates(f"{path}.containers", everyone)
    if spec.get("restartPolicy") not in restarts:
        value = spec.get("restartPolicy") or ""
        causes.append(field_not_supported(f"{path}.restartPolicy", value, sorted(restarts)))
    causes += one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS)
    causes += _validate_scalars(path, spec)
    return causes


def _validate_scalars(path: str, spec: dict[str, Any]) -> list[Cause]:
    causes = not_negative(f"{path}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
    deadline = spec.get("activeDeadlineSeconds")
    if isinstance(deadline, int) and not 0 < deadline < 1 << 31:
        why = "must be between 1 and 2147483647, inclusive"
        causes.append(field_invalid(f"{path}.activeDeadlineSeconds", str(deadline), why))
    causes += check_labels(f"{path}.nodeSelector", spec.get("nodeSelector") or {})
    for field, rule in (("hostname", DNS_LABEL), ("subdomain", DNS_LABEL), ("nodeName", DNS_SUBDOMAIN)):
        if spec.get(field):
            causes += check_name(f"{path}.{field}", spec[field], rule)
    if spec.get("serviceAccountName"):
        causes += check_name(f"{path}.serviceAccountName", spec["serviceAccountName"], DNS_SUBDOMAIN)
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        causes.append(field_required(f"{path}.dnsConfig.nameservers", why))
    for index, toleration in enumerate(spec.get("tolerations") or []):
        here = f"{path}.tolerations[{index}]"
        causes += one_of(f"{here}.effect", toleration.get("effect"), _EFFECTS)
        causes += one_of(f"{here}.operator", toleration.get("operator"), ("Equal", "Exists"))
    return causes


def _validate_volumes(path: str, volumes: list[dict[str, Any]]) -> list[Cause]:
    causes = duplicates(path, (volume.get("name") for volume in volumes))
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        if not volume.get("name"):
            causes.append(field_required(f"{here}.name"))
        else:
            causes += check_name(f"{here}.name", volume["name"], DNS_LABEL)
        sources = sorted(set(volume) - {"name"})
        if not sources:
            causes.append(field_required(here, "must specify a volume type"))
        causes += [
            field_forbidden(f"{here}.{extra}", "may not specify more than 1 volume type")
            for extra in sources[1:]
        ]
    return causes


def _validate_container(
    path: str, container: dict[str, Any], volumes: set[Any], *, is_init: bool
) -> list[Cause]:
    causes = []
    if not container.get("name"):
        causes.append(field_required(f"{path}.name"))
    else:
        causes += check_name(f"{path}.name", container["name"], DNS_LABEL)
    image = container.get("image") or ""
    if not image:
        causes.append(field_required(f"{path}.image"))
    elif image != image.strip():
        why = "must not have leading or trailing whitespace"
        causes.append(field_invalid(f"{path}.image", quoted(image), why))
    causes += one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), _PULL)
    causes += _validate_ports(f"{path}.ports", container.get("ports") or [])
    causes += _validate_env(f"{path}.env", container.get("env") or [])
    causes += _validate_mounts(f"{path}.volumeMounts", container.get("volumeMounts") or [], volumes)
    causes += _validate_resources(f"{path}.resources", container.get("resources") or {})
    causes += _validate_lifecycle(path, container, is_init=is_init)
    return causes


def _validate_ports(path: str, ports: list[dict[str, Any]]) -> list[Cause]:
    causes = duplicates(path, (port.get("name") for port in ports))
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        if not port.get("containerPort"):
            causes.append(field_required(f"{here}.containerPort"))
        causes += port_number(f"{here}.containerPort", port.get("containerPort"))
        causes += one_of(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
        name = port.get("name")
        if name:
            causes += check_port_name(f"{here}.name", name)
    return causes


def check_port_name(path: str, name: str) -> list[Cause]:
    """A service port's IANA name: at most 15 characters, with a letter, lower case."""
    if len(name) > 15:
        return [field_invalid(path, quoted(name), "must be no more than 15 characters")]
    if not _PORT_NAME.fullmatch(name) or "--" in name:
        why = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), with a letter in it"
        return [field_invalid(path, quoted(name), why)]
    return []


def _validate_env(path: str, env: list[dict[str, Any]]) -> list[Cause]:
    causes = []
    for index, variable in enumerate(env):
        here, name = f"{path}[{index}]", variable.get("name") or ""
        if not name:
            causes.append(field_required(f"{here}.name"))
        elif "=" in name:
            why = "a valid environment variable name must consist only of printable ASCII characters but '='"
            causes.append(field_invalid(f"{here}.name", quoted(name), why))
        sources = variable.get("valueFrom")
        if sources is not None and variable.get("value"):
            why = "may not be specified when `value` is not empty"
            causes.append(field_invalid(f"{here}.valueFrom", '""', why))
        elif sources is not None and len(sources) != 1:
            why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            causes.append(field_invalid(f"{here}.valueFrom", '""', why))
    return causes


def _validate_mounts(path: str, mounts: list[dict[str, Any]], volumes: set[Any]) -> list[Cause]:
    causes: list[Cause] = []
    for index, mount in enumerate(mounts):
        here = f"{path}[{index}]"
        if not mount.get("name"):
            causes.append(field_required(f"{here}.name"))
        elif mount["name"] not in volumes:
            said = f"Not found: {quoted(mount['name'])}"
            causes.append(Cause("FieldValueNotFound", said, f"{here}.name"))
        if not mount.get("mountPath"):
            causes.append(field_required(f"{here}.mountPath"))
        if ".." in (mount.get("subPath") or "").split("/"):
            causes.append(field_invalid(f"{here}.subPath", quoted(mount["subPath"]), "must not contain '..'"))
    paths = [mount.get("mountPath") for mount in mounts]
    for cause in duplicates(path, paths, field="mountPath"):
        value = cause.message.partition(": ")[2]
        causes.append(field_invalid(cause.field, value, "must be unique"))
    return causes


def _validate_resources(path: str, resources: dict[str, Any]) -> list[Cause]:
    limits = resources.get("limits") or {}
    causes = []
    for name, request in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is not None and parse_quantity(str(request)) > parse_quantity(str(limit)):
            why = f"must be less than or equal to {name} limit of {limit}"
            causes.append(field_invalid(f"{path}.requests", quoted(str(request)), why))
    return causes


def _validate_lifecycle(path: str, container: dict[str, Any], *, is_init: bool) -> list[Cause]:
    causes: list[Cause] = []
    is_sidecar = is_init and container.get("restartPolicy") == "Always"
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (given := container.get(probe)) is None:
            continue
        if is_init and not is_sidecar:
            why = "may not be set for init containers without restartPolicy=Always"
            causes.append(field_forbidden(f"{path}.{probe}", why))
            continue
        causes += _validate_probe(f"{path}.{probe}", given)
        if probe != "readinessProbe" and given.get("successThreshold") not in (None, 1):
            value = str(given["successThreshold"])
            causes.append(field_invalid(f"{path}.{probe}.successThreshold", value, _LIVENESS_SUCCESS))
    for name, hook in (container.get("lifecycle") or {}).items():
        if isinstance(hook, dict):
            causes += _validate_handler(f"{path}.lifecycle.{name}", hook, _HOOKS)
    if is_init and container.get("restartPolicy") not in (None, "Always"):
        value = container["restartPolicy"]
        causes.append(field_not_supported(f"{path}.restartPolicy", value, ["Always"]))
    if not is_init and container.get("restartPolicy"):
        causes.append(field_forbidden(f"{path}.restartPolicy", "may not be set for non-init containers"))
    return causes


def _validate_probe(path: str, probe: dict[str, Any]) -> list[Cause]:
    causes = _validate_handler(path, probe, _HANDLERS)
    for field in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        causes += not_negative(f"{path}.{field}", probe.get(field))
    return causes


def _validate_handler(path: str, handler: dict[str, Any], known: Sequence[str]) -> list[Cause]:
    given = [kind for kind in known if handler.get(kind) is not None]
    if not given:
        return [field_required(path, "must specify a handler type")]
    causes = [
        field_forbidden(f"{path}.{extra}", "may not specify more than 1 handler type") for extra in given[1:]
    ]
    for kind in ("httpGet", "tcpSocket"):
        target = handler.get(kind)
        if isinstance(target, dict):
            if target.get("port") in (None, "", 0):
                causes.append(
                    field_invalid(f"{path}.{kind}.port", "0", "must be between 1 and 65535, inclusive")
                )
            else:
                causes += port_number(f"{path}.{kind}.port", target["port"])
    if isinstance(handler.get("exec"), dict) and not handler["exec"].get("command"):
        causes.append(field_required(f"{path}.exec.command"))
    return causes
