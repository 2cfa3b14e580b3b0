"""Pods as a cluster has them whose webhook injects: patched before they are stored."""

import msgspec

from bench.synthetic.manifests import Manifest, namespace
from convoy.api.kube.core import Namespace, Pod
from convoy.api.meta import ClusterID
from convoy.controlplane.admission import injection_of
from convoy.inject import inject_pod
from convoy.mesh.model import MeshSettings

SETTINGS = MeshSettings(cluster_id=ClusterID("bench"))

_INJECTION = injection_of(SETTINGS)
_NAMESPACE = msgspec.convert(namespace(0), Namespace)


def injected(manifest: Manifest) -> Manifest:
    """A pod with its sidecar; every other object as it is."""
    if manifest["kind"] != Pod.KIND:
        return manifest
    pod = inject_pod(msgspec.convert(manifest, Pod), _NAMESPACE, _INJECTION)
    patched: Manifest = msgspec.to_builtins(pod)
    return patched
