"""An object as a cluster's API gives it, to a typed one: the same as its YAML gives, or Problems.

What the cluster itself writes into objects and the mesh does not read is left out, so that neither a version
number nor a probe's time makes an object another one. Kubernetes' own kinds may have fields that are newer
than this program: they are left out, too, as the API server has accepted them. In Istio's kinds a field that
is not known is the user's mistake, here as in a file.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.decoding import decode_document
from convoy.api.kinds import Kind
from convoy.api.problems import Problem, has_errors
from convoy.api.validation import validate
from convoy.api.yaml import Document
from convoy.config.kube.listings import Json
from convoy.config.kube.pods import prune_pod
from convoy.config.kube.pruning import prune
from convoy.config.kube.sharing import share_empties

# Counted or written by the API server; `kubectl apply` writes the annotation, a copy of the object.
_COUNTED = ("resourceVersion", "generation", "managedFields", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class ReadKubeObject(msgspec.Struct, frozen=True):
    """An object, or None when it was refused; and what is wrong with it, with cluster and object as place."""

    obj: ApiObject | None
    problems: tuple[Problem, ...]


def read_object(item: Json, kind: Kind, *, cluster: str) -> ReadKubeObject:
    """Read one object of a kind. Never raises for any content with a `metadata`."""
    data = without_cluster_fields(item, kind)
    decoded = _decode(data)
    if kind.group == "" and any(problem.code is codes.UNKNOWN_FIELD for problem in decoded.problems):
        decoded = _decode(prune(data, kind.struct))
    problems = list(decoded.problems)
    if decoded.obj is not None:
        share_empties(decoded.obj)
        problems += validate(decoded.obj)
    placed = tuple(msgspec.structs.replace(problem, key=decoded.key, cluster=cluster) for problem in problems)
    return ReadKubeObject(None if has_errors(placed) else decoded.obj, placed)


def without_cluster_fields(item: Json, kind: Kind) -> Json:
    """A copy without what the cluster writes and nobody reads."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in _COUNTED}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict) and _LAST_APPLIED in annotations:
        metadata["annotations"] = {name: each for name, each in annotations.items() if name != _LAST_APPLIED}
    data = {**item, "metadata": metadata}
    if kind.group:
        # Conditions on Istio's kinds are what this program itself says of them.
        data.pop("status", None)
    elif kind.name in _PRUNED:
        return _PRUNED[kind.name](data)
    return data


def _prune_node(node: Json) -> Json:
    # A kubelet reports on its node all the time; of interest is where it is, as its labels say.
    return {name: value for name, value in node.items() if name not in ("spec", "status")}


_PRUNED: dict[str, Callable[[Json], Json]] = {"Pod": prune_pod, "Node": _prune_node}


def _decode(data: Json) -> Any:
    (decoded,) = decode_document(Document(data, {}, has_nulls=_has_null(data)))
    return decoded


def _has_null(data: Any) -> bool:
    """Whether there may be a null: the text of one may also be part of a value."""
    return b"null" in orjson.dumps(data)
