"""The environment and argv of a container, from its spec and what the spec refers to.

Rules as in the Kubernetes API: later variables may use earlier ones as `$(NAME)`, `$$(NAME)` stays as
`$(NAME)`, and what is not defined stays as written.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from convoy.api.kube.core import ConfigMap, Container, EnvVar, Pod, Secret
from convoy.cluster.kubelet.contexts import Objects
from convoy.cluster.kubelet.resource_fields import resource_field
from convoy.cluster.objects import config_map_content, secret_content

_LONGEST = 128 << 10  # of one text, as the kernel's limit
_LONGEST_IN_ALL = 4 << 20  # more than the kernel gives to any program
_REFERENCE = re.compile(r"\$\$|\$\(([^()\s]+)\)")


class MissingReferenceError(Exception):
    """Something a pod refers to does not exist (yet); the text names it."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by the variable's value; raises MissingReferenceError for what becomes too long.

    Variables made of variables double with each step, so the limit holds while they are put together.
    """
    room = _LONGEST

    def replacement(match: re.Match[str]) -> str:
        nonlocal room
        value = "$" if match[0] == "$$" else variables.get(match[1], match[0])
        room -= len(value)
        if room < 0:
            raise MissingReferenceError(f'"{text[:40]}" becomes longer than {_LONGEST} characters')
        return value

    return _REFERENCE.sub(replacement, text)


def expand_all(texts: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """`expand` for a command line."""
    expanded, total = [], 0
    for text in texts:
        expanded.append(expand(text, variables))
        total = _within_all(total + len(expanded[-1]))
    return expanded


def _within_all(total: int) -> int:
    if total > _LONGEST_IN_ALL:
        raise MissingReferenceError(f"variables or arguments become longer than {_LONGEST_IN_ALL} characters")
    return total


def build_environment(
    container: Container,
    pod: Pod,
    objects: Objects,
    *,
    base: Mapping[str, str],
    allocatable: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The variables of a container on top of `base`; raises MissingReferenceError.

    `allocatable` is what the node has, for limits that are not set.
    """
    variables, total = dict(base), 0
    for source in container.env_from:
        variables |= _from_object(source, pod, objects)
    for variable in container.env:
        if "resourceFieldRef" in (variable.value_from or {}):
            value: str | None = _resource(variable, container, pod, allocatable or {})
        else:
            value = _value(variable, pod, objects, variables)
        if value is not None:
            variables[variable.name] = value
            total = _within_all(total + len(value))
    return variables


def field_value(pod: Pod, path: str) -> str:
    """What a `fieldRef` names; raises MissingReferenceError for a path the downward API does not have."""
    metadata, status = pod.metadata, pod.status
    plain = {
        "metadata.name": metadata.name,
        "metadata.namespace": metadata.namespace,
        "metadata.uid": metadata.uid,
        "spec.nodeName": pod.spec.node_name or "node",
        "spec.serviceAccountName": service_account(pod),
        "status.podIP": status.pod_ip,
        "status.podIPs": ",".join(each.ip for each in status.pod_ips) or status.pod_ip,
        "status.hostIP": status.host_ip,
        "status.hostIPs": ",".join(each["ip"] for each in status.host_ips) or status.host_ip,
    }
    if path in plain:
        return plain[path]
    for field, entries in (
        ("metadata.labels", metadata.labels),
        ("metadata.annotations", metadata.annotations),
    ):
        if path == field:
            return "".join(f"{key}={_quoted(value)}\n" for key, value in sorted(entries.items()))
        if path.startswith(f"{field}['") and path.endswith("']"):
            return entries.get(path[len(field) + 2 : -2], "")
    raise MissingReferenceError(f'fieldPath "{path}" is not a field of the downward API')


def _quoted(value: str) -> str:
    """As Go's %q writes the values of labels and annotations."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def resource_value(
    reference: Mapping[str, Any], container: Container, pod: Pod, allocatable: Mapping[str, str]
) -> str:
    """What a `resourceFieldRef` names, of the container it names or else of this one."""
    named = reference.get("containerName") or container.name
    for each in (*pod.spec.init_containers, *pod.spec.containers):
        if each.name == named:
            try:
                return resource_field(each, reference, allocatable)
            except ValueError as error:
                raise MissingReferenceError(str(error)) from error
    raise MissingReferenceError(f'resourceFieldRef: the pod has no container "{named}"')


def service_account(pod: Pod) -> str:
    """The account a pod runs as."""
    return pod.spec.service_account_name or pod.spec.service_account or "default"


def _resource(variable: EnvVar, container: Container, pod: Pod, allocatable: Mapping[str, str]) -> str:
    return resource_value((variable.value_from or {})["resourceFieldRef"], container, pod, allocatable)


def _value(variable: EnvVar, pod: Pod, objects: Objects, variables: Mapping[str, str]) -> str | None:
    source = variable.value_from
    if not source:
        return expand(variable.value, variables)
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"].get("fieldPath", ""))
    kind, reference = next(iter(source.items()))
    content = _content("configMap" if kind == "configMapKeyRef" else "secret", reference, pod, objects)
    if content is None:
        return None
    if reference["key"] not in content:
        if reference.get("optional"):
            return None
        raise MissingReferenceError(
            f'env {variable.name}: "{reference["name"]}" has no key "{reference["key"]}"'
        )
    return content[reference["key"]].decode(errors="replace")


def _from_object(source: dict[str, Any], pod: Pod, objects: Objects) -> dict[str, str]:
    prefix = source.get("prefix", "")
    variables: dict[str, str] = {}
    for kind in ("configMap", "secret"):
        if reference := source.get(f"{kind}Ref"):
            content = _content(kind, reference, pod, objects) or {}
            variables |= {
                prefix + key: value.decode(errors="replace")
                for key, value in content.items()
                if "=" not in key and b"\0" not in value
            }
    return variables


def _content(kind: str, reference: dict[str, Any], pod: Pod, objects: Objects) -> dict[str, bytes] | None:
    return referenced_content(
        kind, reference.get("name", ""), pod, objects, optional=bool(reference.get("optional"))
    )


def referenced_content(
    kind: str, name: str, pod: Pod, objects: Objects, *, optional: bool
) -> dict[str, bytes] | None:
    """The keys of a secret or config map in the pod's namespace; None when it is optional and absent."""
    namespace = pod.metadata.namespace
    if kind == "secret":
        if (secret := objects.get(Secret, namespace, name)) is not None:
            return secret_content(secret)
    elif (config_map := objects.get(ConfigMap, namespace, name)) is not None:
        return config_map_content(config_map)
    if optional:
        return None
    raise MissingReferenceError(
        f"{'Secret' if kind == 'secret' else 'ConfigMap'} {namespace}/{name} does not exist"
    )
