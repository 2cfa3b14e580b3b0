"""A StatefulSet's pods and claims: their names, what marks them, how they are made. Pure."""

import re
from collections.abc import Iterable

from convoy.cluster.controllers.histories import REVISION_LABEL
from convoy.cluster.controllers.objects import (
    Json,
    copy_of,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    uid_of,
)
from convoy.cluster.controllers.owners import controller_reference, owner_references
from convoy.cluster.controllers.pods import pod_of_template

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


def first_ordinal(stateful_set: Json) -> int:
    """The number of the first pod."""
    return int((spec_of(stateful_set).get("ordinals") or {}).get("start") or 0)


def pod_name(stateful_set: Json, ordinal: int) -> str:
    """The name of the pod in that place."""
    return f"{name_of(stateful_set)}-{ordinal}"


def ordinal_of(stateful_set: Json, pod: Json) -> int | None:
    """The pod's place; None for a name that is not of this set."""
    match = re.fullmatch(re.escape(name_of(stateful_set)) + r"-(\d+)", name_of(pod))
    return int(match[1]) if match else None


def by_ordinal(stateful_set: Json, pods: Iterable[Json]) -> dict[int, Json]:
    """The set's pods by their place, in order."""
    found = ((ordinal_of(stateful_set, pod), pod) for pod in pods)
    placed = {ordinal: pod for ordinal, pod in found if ordinal is not None}
    return {ordinal: placed[ordinal] for ordinal in sorted(placed)}


def revision_of(pod: Json) -> str:
    """The name of the revision that a pod was made of."""
    return labels_of(pod).get(REVISION_LABEL, "")


def identity_labels(stateful_set: Json, ordinal: int) -> dict[str, str]:
    """The labels that tell a pod's place."""
    return {POD_NAME: pod_name(stateful_set, ordinal), POD_INDEX: str(ordinal)}


def claim_templates(stateful_set: Json) -> list[Json]:
    """The claims that every pod has."""
    return list(spec_of(stateful_set).get("volumeClaimTemplates") or ())


def claim_name(template: Json, stateful_set: Json, ordinal: int) -> str:
    """The name of a pod's claim."""
    return f"{name_of(template)}-{pod_name(stateful_set, ordinal)}"


def build_pod(stateful_set: Json, template: Json, ordinal: int, *, revision: str) -> Json:
    """The pod in that place, of that template and revision."""
    labels = {**identity_labels(stateful_set, ordinal), REVISION_LABEL: revision}
    name = pod_name(stateful_set, ordinal)
    pod = pod_of_template(stateful_set, template, name=name, labels=labels)
    spec = pod["spec"]
    spec["hostname"] = name
    if service := spec_of(stateful_set).get("serviceName"):
        spec["subdomain"] = service
    claims = {
        name_of(each): {
            "name": name_of(each),
            "persistentVolumeClaim": {"claimName": claim_name(each, stateful_set, ordinal)},
        }
        for each in claim_templates(stateful_set)
    }
    if claims:
        others = [each for each in spec.get("volumes") or () if each.get("name") not in claims]
        spec["volumes"] = [*claims.values(), *others]
    return pod


def build_claims(stateful_set: Json, ordinal: int) -> list[Json]:
    """The claims of the pod in that place."""
    selected = (spec_of(stateful_set).get("selector") or {}).get("matchLabels") or {}
    owners = [controller_reference(stateful_set)] if _goes_when(stateful_set, "whenDeleted") else []
    return [
        {
            "metadata": {
                **{key: copy_of(value) for key, value in _kept(template).items()},
                "name": claim_name(template, stateful_set, ordinal),
                "namespace": namespace_of(stateful_set),
                "labels": {**labels_of(template), **selected},
                **({"ownerReferences": owners} if owners else {}),
            },
            "spec": copy_of(spec_of(template)),
        }
        for template in claim_templates(stateful_set)
    ]


def _kept(template: Json) -> Json:
    metadata = template.get("metadata") or {}
    return {"annotations": metadata["annotations"]} if metadata.get("annotations") else {}


def _goes_when(stateful_set: Json, event: str) -> bool:
    policy = spec_of(stateful_set).get("persistentVolumeClaimRetentionPolicy") or {}
    return bool(policy.get(event) == "Delete")


def claim_owners(stateful_set: Json, claim: Json, pod: Json | None, *, condemned: bool) -> list[Json]:
    """The owners a claim is to have, so that the garbage collector removes it when the policy says so.

    A claim goes with the set, or with a pod that goes because the set became smaller.
    """
    ours = {uid_of(stateful_set), uid_of(pod) if pod else ""}
    wanted = [ref for ref in owner_references(claim) if ref.get("uid") not in ours]
    if condemned and pod is not None and _goes_when(stateful_set, "whenScaled"):
        ref = controller_reference(pod)
        return [*wanted, {key: ref[key] for key in ("apiVersion", "kind", "name", "uid")}]
    if _goes_when(stateful_set, "whenDeleted"):
        return [*wanted, controller_reference(stateful_set)]
    return wanted
