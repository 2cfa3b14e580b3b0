"""Injection as the control plane's sources apply it: every pod enters the mesh as the cluster runs it."""

from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.kube.core import Namespace, Pod
from convoy.config.admission import Admit
from convoy.config.view import Lookup
from convoy.inject import InjectionSettings, ProxyConfigs, inject_pod
from convoy.mesh.mesh_config import resolve_settings
from convoy.mesh.model import MeshSettings


def injection_of(mesh: MeshSettings) -> InjectionSettings:
    """The injection settings that go with a mesh's own."""
    return InjectionSettings(
        cluster_id=mesh.cluster_id,
        network=mesh.network or mesh.cluster_id,
        trust_domain=mesh.trust_domain,
    )


def proxy_configs_of(lookup: Lookup, mesh: MeshSettings) -> ProxyConfigs:
    """With what proxies are started, by the objects of a cluster and the settings it was started with."""
    defaults = resolve_settings(lookup, mesh).proxy_defaults
    return ProxyConfigs(lookup.all(ProxyConfig), root_namespace=mesh.root_namespace, defaults=defaults)


def admit_pods(mesh: MeshSettings) -> Admit:
    """A hook for sources that injects each pod as its namespace, labels and annotations say."""
    settings = injection_of(mesh)

    def admit(pod: Pod, lookup: Lookup) -> Pod:
        namespace = lookup.get(Namespace, "", pod.metadata.namespace)
        return inject_pod(pod, namespace, settings, proxy_configs_of(lookup, mesh))

    return admit
