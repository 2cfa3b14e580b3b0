"""Which Secrets and ConfigMaps the mesh needs at all, by name: a control plane reads no others.

Those that Gateways and DestinationRules name, in the namespaces whose proxies may be given them.
"""

from collections.abc import Collection, Iterable, Iterator

from convoy.api.base import ApiObject
from convoy.api.istio.destination_rule import ClientTlsSettings, DestinationRule
from convoy.api.istio.gateway import Gateway, ServerTlsMode, ServerTlsSettings
from convoy.api.kinds import key_of
from convoy.api.kube.core import ConfigMap, Pod, Secret
from convoy.api.meta import ObjectKey
from convoy.mesh.credentials import CA_SUFFIX
from convoy.mesh.origination import credential_key
from convoy.mesh.pods import is_gateway

_PASSING = (ServerTlsMode.PASSTHROUGH, ServerTlsMode.AUTO_PASSTHROUGH)


def needed_credentials(objects: Iterable[ApiObject]) -> frozenset[ObjectKey]:
    """The keys of the Secrets and ConfigMaps that some proxy's configuration may be made of."""
    gateways: list[Gateway] = []
    rules: list[DestinationRule] = []
    pods: list[Pod] = []
    for obj in objects:
        if isinstance(obj, Gateway):
            gateways.append(obj)
        elif isinstance(obj, DestinationRule):
            rules.append(obj)
        elif isinstance(obj, Pod) and is_gateway(obj):
            pods.append(obj)
    return frozenset((*_of_gateways(gateways, pods), *_of_rules(rules, pods)))


def users_of_credentials(
    objects: Iterable[ApiObject], keys: Collection[ObjectKey]
) -> Iterator[tuple[ObjectKey, ObjectKey]]:
    """Which Gateways and DestinationRules need which of these Secrets and ConfigMaps."""
    found = [obj for obj in objects if may_need_credentials(obj)]
    pods = [obj for obj in found if isinstance(obj, Pod)]
    for obj in found:
        if not isinstance(obj, Pod):
            needed = needed_credentials((obj, *pods))
            yield from ((key_of(obj), key) for key in sorted(needed.intersection(keys)))


def may_need_credentials(obj: ApiObject) -> bool:
    """Whether an object can have a part in what `needed_credentials` finds, whatever others there are."""
    if isinstance(obj, Gateway):
        return any(_names_credentials(server.tls) for server in obj.spec.servers if server.tls)
    if isinstance(obj, DestinationRule):
        return any(tls.credential_name for tls in _client_settings(obj))
    return isinstance(obj, Pod) and is_gateway(obj)


def _of_gateways(gateways: Iterable[Gateway], pods: list[Pod]) -> Iterator[ObjectKey]:
    for gateway in gateways:
        settings = [server.tls for server in gateway.spec.servers if server.tls]
        if not any(map(_names_credentials, settings)):
            continue
        selector = gateway.spec.selector.items()
        namespaces = {pod.metadata.namespace for pod in pods if selector <= pod.metadata.labels.items()}
        for namespace in namespaces:
            for tls in settings:
                yield from _of_server(tls, namespace)


def _names_credentials(tls: ServerTlsSettings) -> bool:
    return bool(tls.credential_name or tls.credential_names or tls.ca_cert_credential_name)


def _of_server(tls: ServerTlsSettings, namespace: str) -> Iterator[ObjectKey]:
    if tls.mode in _PASSING:
        return
    names = [name for name in (tls.credential_name, *tls.credential_names) if name]
    if tls.mode is ServerTlsMode.SIMPLE:
        yield from (ObjectKey(Secret.KIND, namespace, name) for name in names)
        return
    if tls.ca_cert_credential_name:
        names.append(tls.ca_cert_credential_name)
        yield ObjectKey(ConfigMap.KIND, namespace, tls.ca_cert_credential_name)
    for name in names:
        yield from _with_roots(namespace, name)


def _of_rules(rules: Iterable[DestinationRule], pods: list[Pod]) -> Iterator[ObjectKey]:
    everywhere = {pod.metadata.namespace for pod in pods}
    for rule in rules:
        names = {tls.credential_name for tls in _client_settings(rule) if tls.credential_name}
        # Sidecars are given credentials only by rules of their own namespace that select workloads.
        namespaces = everywhere | ({rule.metadata.namespace} if rule.spec.workload_selector else set())
        for namespace in namespaces if names else ():
            for name in names:
                key = credential_key(name, namespace)
                if key is not None and key.is_config_map:
                    yield ObjectKey(ConfigMap.KIND, namespace, key.name)
                elif key is not None:
                    yield from _with_roots(namespace, key.name)


def _client_settings(rule: DestinationRule) -> Iterator[ClientTlsSettings]:
    policies = (rule.spec.traffic_policy, *(subset.traffic_policy for subset in rule.spec.subsets))
    for policy in filter(None, policies):
        levels = (policy.tls, *(level.tls for level in policy.port_level_settings))
        yield from (tls for tls in levels if tls)


def _with_roots(namespace: str, name: str) -> Iterator[ObjectKey]:
    yield ObjectKey(Secret.KIND, namespace, name)
    yield ObjectKey(Secret.KIND, namespace, name + CA_SUFFIX)
