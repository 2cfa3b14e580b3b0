"""CustomResourceDefinitions of the kinds that Convoy reads, which let everything through, as YAML objects."""

from typing import Any

from convoy.api.kinds import KINDS, Kind

ISTIO_KINDS = tuple(kind for kind in KINDS if kind.group)


def definition(kind: Kind, *, versions: tuple[str, ...] = ()) -> dict[str, Any]:
    """A definition of a kind in these versions, all of them unless said."""
    names = versions or tuple(version.rpartition("/")[2] for version in kind.api_versions)
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"plural": kind.plural, "singular": kind.name.lower(), "kind": kind.name},
            "versions": [
                {
                    "name": name,
                    "served": True,
                    "storage": index == 0,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
                for index, name in enumerate(names)
            ],
        },
    }
