"""Sidecars that have no effect, import nothing, or ask for TLS that the mesh's own takes the place of."""

from collections.abc import Iterator

from convoy.api import codes
from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.istio.sidecar import Sidecar
from convoy.api.kinds import key_of
from convoy.api.paths import item_path, quote
from convoy.api.problems import Problem
from convoy.mesh.checks.finding import named
from convoy.mesh.facts import Facts, Ground
from convoy.mesh.imports import Imports
from convoy.mesh.sidecars import selector_labels


def check_sidecars(facts: Facts) -> Iterator[Problem]:
    """What is wrong with Sidecars, each and among each other, whatever pods there are."""
    yield from _check_ignored(facts)
    for sidecar in facts.sidecars:
        yield from _check_imports(sidecar, facts)


def _check_ignored(facts: Facts) -> Iterator[Problem]:
    first: dict[tuple[str, tuple[tuple[str, str], ...]], Sidecar] = {}
    for sidecar in facts.sidecars:
        labels = selector_labels(sidecar)
        older = first.setdefault((sidecar.metadata.namespace, tuple(sorted(labels.items()))), sidecar)
        if older is not sidecar:
            yield Problem(
                code=codes.IGNORED_SIDECAR,
                key=key_of(sidecar),
                field="spec.workloadSelector" if labels else "spec",
                message=f"{named(key_of(older))} is for the same workloads and older; this one is ignored.",
                remedy="Put them together, or remove one.",
            )


def _check_imports(sidecar: Sidecar, facts: Facts) -> Iterator[Problem]:
    namespace = sidecar.metadata.namespace
    if namespace == facts.settings.root_namespace:
        return  # what its own namespace is, depends on the workload
    visible = facts.registry.visible(namespace).values()
    routing = facts.routing.for_sidecars(namespace).services.values()
    for index, listener in enumerate(sidecar.spec.egress):
        for number, host in enumerate(listener.hosts):
            imports = Imports([host], namespace)
            if host.startswith("~/") or host.endswith("/*"):
                continue
            if any(imports.admits(one.service.hostname, one.service.namespace) for one in visible):
                continue
            if any(imports.meets(service.hosts, service.namespace) for service in routing):
                continue
            yield Problem(
                code=codes.NOTHING_IMPORTED,
                key=key_of(sidecar),
                field=item_path(f"{item_path('spec.egress', index)}.hosts", number),
                message=f"{quote(host)} is no service that is exported to {namespace}.",
                remedy="Write namespace/host with the whole name of the host, or add the service.",
            )


def check_ingress_tls(facts: Ground) -> Iterator[Problem]:
    """Listeners that ask for TLS, on pods that speak the mesh's own."""
    for sidecar in filter(has_ingress_tls, facts.sidecars):
        yield from _check_tls(sidecar, facts)


def has_ingress_tls(sidecar: Sidecar) -> bool:
    """Whether some listener of it asks for TLS."""
    return any(listener.tls for listener in sidecar.spec.ingress)


def _check_tls(sidecar: Sidecar, facts: Ground) -> Iterator[Problem]:
    pods = [
        pod
        for pod in facts.pods
        if pod.has_sidecar and facts.sidecars.of(pod.namespace, pod.labels) is sidecar
    ]
    for index, listener in enumerate(sidecar.spec.ingress):
        mutual = (pod for pod in pods if pod.modes.of(listener.port.number) is not MtlsMode.DISABLE)
        pod = next(mutual, None)
        if listener.tls and pod:
            yield Problem(
                code=codes.INGRESS_TLS_UNUSED,
                key=key_of(sidecar),
                field=f"{item_path('spec.ingress', index)}.tls",
                message=f"Port {listener.port.number} of {pod.name} speaks mutual TLS of the mesh instead.",
                remedy="Set mode DISABLE for the port in a PeerAuthentication, or remove tls.",
            )
