"""Paths of the Kubernetes API, taken apart
(https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris)."""

from dataclasses import dataclass
from urllib.parse import unquote

# Below a namespace's own path these are its subresources, not resources in it.
_OF_NAMESPACES = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class Path:
    """`resource` is "" for what is no resource; `namespace` of a namespace's own path is its name."""

    text: str
    group: str = ""
    version: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = ()  # below a subresource, as pods/proxy has it


def parse_path(text: str, *, prefix: str = "") -> Path | None:
    """The path of a request target; None for what does not start with `prefix`.

    A slash at the end is ignored.
    """
    path = text.partition("?")[0]
    if not path.startswith(prefix):
        return None
    path = path[len(prefix) :]
    parts = [_decoded(part) for part in path.strip("/").split("/")]
    plain = "/" + "/".join(parts)
    if "" in parts:
        return Path(plain)
    if parts[0] == "api" and len(parts) > 2:
        return _resource(plain, "", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) > 3:
        return _resource(plain, parts[1], parts[2], parts[3:])
    return Path(plain)


def _decoded(part: str) -> str:
    # What is no UTF-8 names nothing; it must not travel on as half a character either.
    return unquote(part, errors="replace").encode("utf-8", "replace").decode()


def _resource(text: str, group: str, version: str, parts: list[str]) -> Path:
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _OF_NAMESPACES:
            parts = parts[2:]
    resource, name, subresource, *rest = (*parts, "", "", "")[: max(3, len(parts))]
    return Path(text, group, version, resource, namespace, name, subresource, tuple(rest))
