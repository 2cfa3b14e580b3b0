"""Why pods are not ready, for the person who waited: their state and the last lines of their logs."""

from collections.abc import Iterable

from convoy.cluster.kubelet.containers import IMAGE_UNKNOWN
from convoy.cluster.kubelet.pods import PodRunner


def describe_unready(cluster: str, pods: Iterable[PodRunner], *, why: str) -> str:
    """A sentence that ends with `why`, then a paragraph for every pod that is not ready."""
    lines = [f"cluster {cluster}: not every pod {why}."]
    for pod in pods:
        status = pod.status()
        if not status.ready and status.phase != "Succeeded":
            lines += _describe(pod)
    return "\n".join(lines)


def has_unknown_image(pods: Iterable[PodRunner]) -> bool:
    """Whether a container has an image that stands for no program: it will never be ready by itself."""
    return any(container.reason == IMAGE_UNKNOWN for pod in pods for container in pod.status().containers)


def _describe(pod: PodRunner) -> list[str]:
    status = pod.status()
    lines = [f"pod {status.namespace}/{status.name}: {status.phase} {status.message}".rstrip()]
    for container in status.containers:
        if container.ready or container.reason == "Completed":
            continue
        words = filter(None, (container.state, container.reason, container.message))
        state = " ".join(words) or "not ready"
        lines.append(f"  container {container.name}: {state}, {container.restarts} restarts")
        lines += [f"    | {line}" for line in pod.runner(container.name).log.last_lines()]
    return lines
