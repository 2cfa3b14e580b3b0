"""preStop hooks by which a pod leaves the mesh before its applications stop.

The sidecar's tells its agent that the pod ends. Those of the applications wait until nobody calls any more;
an application that has a hook of its own keeps it.
"""

from typing import Any

from msgspec.structs import replace

from convoy.api.kube.core import Container, Pod
from convoy.inject.decision import PROXY
from convoy.inject.probes import PROBE_PORT

DRAIN_PIPE = "/var/run/convoy/drain"
DRAINED_PATH = "/drained"
# Opened to read and write: without a reader, writing alone would wait for one.
_TELL = {"exec": {"command": ["sh", "-c", f"echo 1<>{DRAIN_PIPE}"]}}
_WAIT = {"httpGet": {"port": PROBE_PORT, "path": DRAINED_PATH}}


def hook_proxy(proxy: Container) -> Container:
    """The sidecar with its hook."""
    return _with_pre_stop(proxy, _TELL)


def hook_applications(pod: Pod) -> Pod:
    """The pod with a hook in each of its applications."""
    hooked = [each if each.name == PROXY else _with_pre_stop(each, _WAIT) for each in pod.spec.containers]
    return replace(pod, spec=replace(pod.spec, containers=hooked))


def _with_pre_stop(container: Container, hook: dict[str, Any]) -> Container:
    if container.lifecycle.get("preStop"):
        return container
    return replace(container, lifecycle={**container.lifecycle, "preStop": hook})
