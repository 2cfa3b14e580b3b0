"""Patch a pod: put the proxy in, and everything it needs round it.

A sidecar is a native one, an init container that keeps running, and the first of them, so that the pod's
other init containers find the mesh in place. A gateway is its pod's own container and captures nothing.

A pod that was injected before stays as it is, except for containers that others added since: their probes
are led through the agent, too.

Only sidecars get the label `security.istio.io/tlsMode`: it tells callers to use mutual TLS, which a
gateway's plain ports do not speak.
"""

import json
import re
from typing import Any

from msgspec.structs import replace

from convoy.api.kube.core import Container, EnvVar, Namespace, Pod
from convoy.api.meta import ObjectMeta
from convoy.inject.decision import (
    PROXY,
    REVISION,
    STATUS,
    Template,
    choose_template,
    is_injected,
    namespace_of,
)
from convoy.inject.hooks import hook_applications, hook_proxy
from convoy.inject.listening import await_ports
from convoy.inject.probes import (
    PROBERS,
    Definitions,
    decode_definitions,
    encode_definitions,
    rewrite_probes,
)
from convoy.inject.proxy_configs import NO_CONFIGS, ProxyConfigs
from convoy.inject.proxy_container import build_proxy, build_volumes
from convoy.inject.settings import InjectionSettings

TLS_MODE = "security.istio.io/tlsMode"
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
# What the API server lets a pod's dnsConfig have.
_MOST_SEARCHES, _LONGEST_SEARCHES = 32, 2048
_LONGEST_LABEL = 63
_CRON_RUN = re.compile(r"-\d{8,}$")


def inject_pod(
    pod: Pod,
    namespace: Namespace | None,
    settings: InjectionSettings,
    configs: ProxyConfigs = NO_CONFIGS,
) -> Pod:
    """The pod with a proxy, or the very same pod when it gets none (or has all it needs)."""
    if is_injected(pod):
        return _complete(pod)
    template = choose_template(pod, namespace, revision=settings.revision)
    if template is None:
        return pod
    probed, definitions = rewrite_probes(pod) if template == "sidecar" else (pod, {})
    proxy = build_proxy(
        template,
        _written_proxy(pod),
        account=pod.spec.service_account_name or pod.spec.service_account or "default",
        app=pod.metadata.labels.get("app", ""),
        settings=settings,
        started=configs.of(pod, namespace_of(pod, namespace)),
    )
    if template == "sidecar":
        proxy = hook_proxy(await_ports(_tell_probes(proxy, definitions), pod))
        with_proxy = _add_sidecar(hook_applications(probed), proxy)
    else:
        with_proxy = _put_gateway(probed, proxy)
    with_volumes = _add_volumes(with_proxy, settings)
    labelled = replace(with_volumes, metadata=_mark_metadata(pod, template, settings))
    if template == "gateway":
        return labelled
    return _add_searches(labelled, namespace_of(pod, namespace), settings.search_domain)


def _complete(pod: Pod) -> Pod:
    """Lead the probes of containers that came after the sidecar through its agent."""
    is_sidecar = any(each.name == PROXY for each in pod.spec.init_containers)
    if STATUS not in pod.metadata.annotations or not is_sidecar:
        return pod
    probed, definitions = rewrite_probes(pod)
    if not definitions:
        return pod
    told = [
        _tell_probes(each, definitions) if each.name == PROXY else each
        for each in probed.spec.init_containers
    ]
    return replace(probed, spec=replace(probed.spec, init_containers=told))


def _tell_probes(proxy: Container, definitions: Definitions) -> Container:
    if not definitions:
        return proxy
    known = next((each.value for each in proxy.env if each.name == PROBERS), "")
    value = encode_definitions({**decode_definitions(known), **definitions})
    told = EnvVar(name=PROBERS, value=value)
    if known:
        return replace(proxy, env=[told if each.name == PROBERS else each for each in proxy.env])
    return replace(proxy, env=[*proxy.env, told])


def _written_proxy(pod: Pod) -> Container | None:
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    return next((each for each in containers if each.name == PROXY), None)


def _add_sidecar(pod: Pod, proxy: Container) -> Pod:
    applications = [each for each in pod.spec.containers if each.name != PROXY]
    others = [each for each in pod.spec.init_containers if each.name != PROXY]
    spec = replace(pod.spec, containers=applications, init_containers=[proxy, *others])
    return replace(pod, spec=spec)


def _put_gateway(pod: Pod, proxy: Container) -> Pod:
    names = [each.name for each in pod.spec.containers]
    containers = [proxy if each.name == PROXY else each for each in pod.spec.containers]
    return replace(
        pod, spec=replace(pod.spec, containers=containers if PROXY in names else [proxy, *containers])
    )


def _add_volumes(pod: Pod, settings: InjectionSettings) -> Pod:
    present = {volume.name for volume in pod.spec.volumes}
    added = [volume for volume in build_volumes(settings) if volume.name not in present]
    return replace(pod, spec=replace(pod.spec, volumes=[*pod.spec.volumes, *added]))


def _add_searches(pod: Pod, namespace: str, domain: str) -> Pod:
    config: dict[str, Any] = pod.spec.dns_config
    searches = list(config.get("searches") or [])
    added = [each for each in (f"{namespace}.{domain}", domain) if each not in searches]
    if len(searches + added) > _MOST_SEARCHES or len(" ".join(searches + added)) > _LONGEST_SEARCHES:
        return pod
    searches += added
    return replace(pod, spec=replace(pod.spec, dns_config={**config, "searches": searches}))


def _mark_metadata(pod: Pod, template: Template, settings: InjectionSettings) -> ObjectMeta:
    labels = {
        CANONICAL_NAME: canonical_name(pod),
        CANONICAL_REVISION: canonical_revision(pod),
        REVISION: settings.revision,
    }
    annotations = {STATUS: _build_status(template, settings)}
    if template == "sidecar":
        labels[TLS_MODE] = "istio"
        applications = [each.name for each in pod.spec.containers if each.name != PROXY]
        if applications:
            annotations[_DEFAULT_CONTAINER] = applications[0]
    # What the user wrote wins, such as `tlsMode: disabled`.
    return replace(
        pod.metadata,
        labels={**labels, **pod.metadata.labels},
        annotations={**annotations, **pod.metadata.annotations},
    )


def _build_status(template: Template, settings: InjectionSettings) -> str:
    where = "initContainers" if template == "sidecar" else "containers"
    volumes = [volume.name for volume in build_volumes(settings)]
    return json.dumps({where: [PROXY], "volumes": volumes, "revision": settings.revision})


def canonical_name(pod: Pod) -> str:
    """The name under which Istio groups workloads: a label's, or the workload's own."""
    labels = pod.metadata.labels
    for label in (CANONICAL_NAME, "app.kubernetes.io/name", "app"):
        if labels.get(label):
            return labels[label]
    # Names may be longer than what a label holds, and must end like a name when they are cut.
    return _workload_name(pod)[:_LONGEST_LABEL].rstrip("-._")


def canonical_revision(pod: Pod) -> str:
    """The workload's version for Istio: a label that says so, `version`, or `latest`."""
    labels = pod.metadata.labels
    for label in (CANONICAL_REVISION, "app.kubernetes.io/version", "version"):
        if labels.get(label):
            return labels[label]
    return "latest"


def _workload_name(pod: Pod) -> str:
    owner = next((each for each in pod.metadata.owner_references if each.controller), None)
    template_hash = pod.metadata.labels.get("pod-template-hash", "")
    if owner is not None and template_hash:
        return owner.name.removesuffix(f"-{template_hash}")
    if owner is not None:
        return _CRON_RUN.sub("", owner.name) if owner.kind == "Job" else owner.name
    return pod.metadata.name or pod.metadata.generate_name.rstrip("-")
