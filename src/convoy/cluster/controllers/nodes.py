"""Which nodes a pod may run on, as its selector, affinity and tolerations say. Pure.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ and taint-and-toleration/ beside it.
"""

from collections.abc import Iterable, Mapping, Sequence

from convoy.cluster.controllers.objects import Json, labels_of, name_of, spec_of

NODES = "nodes"
# What cordoning amounts to: a pod that tolerates this taint may run on a cordoned node.
UNSCHEDULABLE_TAINT: Json = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def taints_of(node: Json) -> list[Json]:
    """Its taints."""
    return list(spec_of(node).get("taints") or ())


def is_cordoned(node: Json) -> bool:
    """Whether it takes no new pods."""
    return bool(spec_of(node).get("unschedulable"))


def tolerations_of(pod: Json) -> list[Json]:
    """What it puts up with."""
    return list(spec_of(pod).get("tolerations") or ())


def tolerates(toleration: Json, taint: Json) -> bool:
    """Whether one toleration covers a taint; without a key (and with Exists) it covers all keys."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(taints: Iterable[Json], tolerations: Sequence[Json], *effects: str) -> Json | None:
    """The first taint of these effects that nothing covers."""
    for taint in taints:
        if taint.get("effect") in effects and not any(tolerates(each, taint) for each in tolerations):
            return taint
    return None


def matches_node(pod: Json, node: Json) -> bool:
    """Whether the node has what the pod's nodeSelector and required node affinity ask for."""
    selector = spec_of(pod).get("nodeSelector") or {}
    if not selector.items() <= labels_of(node).items():
        return False
    affinity = (spec_of(pod).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(matches_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def matches_term(term: Json, node: Json) -> bool:
    """Whether a node meets every expression of a term; an empty term is met by none."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    of_fields = {"metadata.name": name_of(node)}
    return all(_holds(each, labels_of(node)) for each in expressions) and all(
        _holds(each, of_fields) for each in fields
    )


def _holds(expression: Json, values: Mapping[str, str]) -> bool:
    operator, wanted = expression.get("operator"), list(expression.get("values") or ())
    value = values.get(expression.get("key") or "")
    if operator == "In":
        return value is not None and value in wanted
    if operator == "NotIn":
        return value is None or value not in wanted
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    if operator in ("Gt", "Lt") and value is not None and len(wanted) == 1:
        return _compares(operator, value, wanted[0])
    return False


def _compares(operator: str, value: str, limit: str) -> bool:
    try:
        return int(value) > int(limit) if operator == "Gt" else int(value) < int(limit)
    except ValueError:
        return False
