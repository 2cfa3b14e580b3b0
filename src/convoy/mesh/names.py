"""The names that pods of a namespace may resolve, and to what.

A Service's name gives its virtual addresses, a headless one's those of its pods, a ServiceEntry's host its
(perhaps automatic) addresses. Where a local Service is missing, its names give the address of the `.global`
service that stands in for it. A pod's resolver tries its search list by itself, so only whole spellings are
here.
"""

from collections.abc import Iterable, Iterator, Mapping

from convoy.mesh.domains import host_names
from convoy.mesh.endpoints import serving_pods
from convoy.mesh.facts import Ground
from convoy.mesh.model import ViewKey
from convoy.mesh.pods import PodFacts
from convoy.mesh.scopes import Scopes
from convoy.mesh.services import Registered

Names = Mapping[str, tuple[str, ...]]


def build_names(facts: Ground, namespace: str) -> Names:
    """What pods of a namespace may resolve: lower-case names or `*.suffix` to addresses, sorted; of two
    claims on a name the registry's first counts.
    """
    return _names(facts.registry.visible(namespace).values(), facts, namespace)


def build_scoped_names(facts: Ground, scopes: Scopes, views: Iterable[ViewKey]) -> Mapping[ViewKey, Names]:
    """The same for the pods of those views whose Sidecar limits what they see."""
    made: dict[tuple[str, str], Names] = {}
    found: dict[ViewKey, Names] = {}
    for key in views:
        place = (key.namespace, key.sidecar)
        if key.sidecar and place not in made:
            made[place] = _names(scopes.of(key).services.values(), facts, key.namespace)
        if key.sidecar:
            found[key] = made[place]
    return found


def _names(services: Iterable[Registered], facts: Ground, namespace: str) -> Names:
    names: dict[str, tuple[str, ...]] = {}
    for registered in services:
        for name, addresses in _entries(registered, facts, namespace):
            names.setdefault(name, addresses)
    return {name: names[name] for name in sorted(names)}


def _entries(registered: Registered, facts: Ground, viewer: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    domain = facts.settings.cluster_domain
    pods = serving_pods(registered, facts.pods) if registered.is_headless else ()
    addresses = registered.service.vips or tuple(sorted({pod.address for pod in pods}))
    if not addresses:
        return
    for name in host_names(registered, facts.registry, viewer=viewer, domain=domain):
        yield name, addresses
        for pod in pods:
            host = _pod_host(pod, registered)
            if host:
                yield f"{host}.{name}", (pod.address,)


def _pod_host(pod: PodFacts, registered: Registered) -> str:
    spec = pod.pod.spec
    return (spec.hostname or pod.pod.metadata.name).lower() if spec.subdomain == registered.name else ""
