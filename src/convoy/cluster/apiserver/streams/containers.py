"""Which container of a pod a request is about."""

from typing import Any

from convoy.cluster.machinery.statuses import StatusError, bad_request

_DEFAULT = "kubectl.kubernetes.io/default-container"
_KINDS = ("containers", "initContainers", "ephemeralContainers")


def choose_container(pod: dict[str, Any], wanted: str) -> str:
    """`wanted` if the pod has it, or the only container; raises StatusError 400."""
    name = pod["metadata"]["name"]
    spec = pod.get("spec") or {}
    by_kind = {kind: [c["name"] for c in spec.get(kind) or []] for kind in _KINDS}
    if wanted:
        if not any(wanted in names for names in by_kind.values()):
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    default = (pod["metadata"].get("annotations") or {}).get(_DEFAULT)
    if len(by_kind["containers"]) == 1:
        return str(by_kind["containers"][0])
    if default in by_kind["containers"]:
        return str(default)
    raise _ambiguous(name, by_kind)


def _ambiguous(name: str, by_kind: dict[str, list[str]]) -> StatusError:
    inits = f" or one of the init containers: [{' '.join(by_kind['initContainers'])}]"
    choice = f"choose one of: [{' '.join(by_kind['containers'])}]"
    more = inits if by_kind["initContainers"] else ""
    return bad_request(f"a container name must be specified for pod {name}, {choice}{more}")


def check_runs(pod: dict[str, Any]) -> None:
    """A command needs a pod that has not ended; raises StatusError 400."""
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        said = f"cannot exec into a container in a completed pod; current phase is {phase}"
        raise bad_request(said)
