"""Whether a CustomResourceDefinition may be created or updated."""

from convoy.cluster.schema.crds.definitions import validate_crd

__all__ = ["validate_crd"]
