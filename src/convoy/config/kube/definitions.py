"""What a CustomResourceDefinition says of a kind; pure.

Source: https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/
"""

from convoy.api.kinds import Kind
from convoy.config.kube.listings import Json


def defines(definition: Json, kind: Kind) -> bool:
    """Whether a kind is served in a version that is read, or about to be.

    Not while the definition is being deleted, nor when another one has taken its names.
    """
    if definition["metadata"].get("deletionTimestamp"):
        return False
    conditions = {
        each["type"]: each["status"] for each in (definition.get("status") or {}).get("conditions") or ()
    }
    if conditions.get("NamesAccepted") == "False":
        return False
    versions = (each for each in definition["spec"].get("versions") or () if each.get("served"))
    return any(f"{kind.group}/{version['name']}" in kind.api_versions for version in versions)
