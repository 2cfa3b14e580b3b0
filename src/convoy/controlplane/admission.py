"""Injection as the control plane's sources apply it: every pod enters the mesh as the cluster runs it."""

from convoy.api.kube.core import Namespace, Pod
from convoy.config.admission import Admit
from convoy.config.view import Lookup
from convoy.inject import InjectionSettings, inject_pod
from convoy.mesh.model import MeshSettings


def injection_of(mesh: MeshSettings) -> InjectionSettings:
    """The injection settings that go with a mesh's own."""
    return InjectionSettings(
        cluster_id=mesh.cluster_id,
        network=mesh.network or mesh.cluster_id,
        trust_domain=mesh.trust_domain,
    )


def admit_pods(mesh: MeshSettings) -> Admit:
    """A hook for sources that injects each pod as its namespace, labels and annotations say."""
    settings = injection_of(mesh)

    def admit(pod: Pod, lookup: Lookup) -> Pod:
        return inject_pod(pod, lookup.get(Namespace, "", pod.metadata.namespace), settings)

    return admit
