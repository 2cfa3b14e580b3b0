"""A pod as its API server has it in, what to change of it out, with what its writer should be told."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from convoy.api import codes
from convoy.api.kube.core import Namespace, Pod
from convoy.api.schema import check_schema
from convoy.api.validation.mesh_config import read_proxy_defaults
from convoy.inject.decision import find_obstacle, is_injected, templates_of, wants_proxy
from convoy.inject.patching import Operation, build_patch
from convoy.inject.pods import inject_pod
from convoy.inject.probes import find_unresolved
from convoy.inject.proxy_configs import ANNOTATION, NO_CONFIGS, ProxyConfigs
from convoy.inject.settings import InjectionSettings

_TEMPLATES = ("sidecar", "gateway")
_PROXY_PORTS = frozenset({15000, 15001, 15006, 15020, 15021, 15053, 15054, 15090})
_UNBUILT_ANNOTATIONS = "traffic.sidecar.istio.io/"


class UnreadablePodError(Exception):
    """A pod that is not one: its text says which fields are wrong."""


class Injection(msgspec.Struct, frozen=True):
    """The operations of a JSON patch, none when the pod stays as it is; and warnings, each a sentence."""

    patch: tuple[Operation, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_injection(
    raw: dict[str, Any],
    namespace: Namespace | None,
    settings: InjectionSettings,
    configs: ProxyConfigs = NO_CONFIGS,
) -> Injection:
    """What injection does to a pod that is being made.

    Raises UnreadablePodError: a pod that cannot be read must not start without the proxy it may want, because
    it would go round the policies of the mesh.
    """
    pod = read_pod(raw)
    if not pod.metadata.namespace and namespace is not None:
        pod = replace(pod, metadata=replace(pod.metadata, namespace=namespace.metadata.name))
    injected = inject_pod(pod, namespace, settings, configs)
    warnings = tuple(_warn(pod, namespace, settings, is_changed=injected is not pod))
    if injected is pod:
        return Injection((), warnings)
    patch = build_patch(raw, msgspec.to_builtins(pod), msgspec.to_builtins(injected))
    return Injection(tuple(patch), warnings)


def read_pod(raw: dict[str, Any]) -> Pod:
    """The typed pod. Fields that a newer cluster has are left out; they stay in the pod all the same."""
    clean, problems = check_schema(raw, Pod)
    faults = [problem for problem in problems if problem.code is not codes.UNKNOWN_FIELD]
    if faults:
        told = "; ".join(f"{each.field} {each.message.rstrip('.')}" for each in faults)
        raise UnreadablePodError(f"{told}.")
    return msgspec.convert(clean, Pod)


def _warn(
    pod: Pod, namespace: Namespace | None, settings: InjectionSettings, *, is_changed: bool
) -> Iterator[str]:
    if not is_changed:
        obstacle = find_obstacle(pod, namespace)
        if obstacle and wants_proxy(pod, namespace, revision=settings.revision):
            yield f"The pod gets no proxy, because {obstacle}."
        return
    if is_injected(pod):
        return
    for name in templates_of(pod):
        if name not in _TEMPLATES:
            yield f'There is no injection template "{name}"; there are {" and ".join(_TEMPLATES)}.'
    for name in sorted(pod.metadata.annotations):
        if name.startswith(_UNBUILT_ANNOTATIONS):
            yield f"The annotation {name} has no effect: all connections of the pod are captured."
    for problem in read_proxy_defaults(pod.metadata.annotations.get(ANNOTATION, "")).problems:
        yield f"In the annotation {ANNOTATION}, {problem.field or 'the text'}: {problem.message}"
    if "gateway" not in templates_of(pod):
        yield from _warn_of_ports(pod)


def _warn_of_ports(pod: Pod) -> Iterator[str]:
    for container, port in find_unresolved(pod):
        yield f'A probe of container {container} names the port "{port}", which it does not declare.'
    for each in pod.spec.containers:
        for declared in each.ports:
            if declared.container_port in _PROXY_PORTS:
                yield f"Container {each.name} declares port {declared.container_port}, which its proxy uses."
