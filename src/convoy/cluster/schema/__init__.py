"""What objects look like: the schemas of built-in and custom kinds, and what follows from them.

Pure: dicts in, dicts and lists of causes out.
"""

from convoy.cluster.schema.crds import validate_crd
from convoy.cluster.schema.custom import Column, ScalePaths
from convoy.cluster.schema.decoding import check_types
from convoy.cluster.schema.defaulting import apply_defaults
from convoy.cluster.schema.duplicates import find_duplicates
from convoy.cluster.schema.nodes import FREE, NO_DEFAULT, Schema
from convoy.cluster.schema.pruning import prune
from convoy.cluster.schema.schemas import Schemas
from convoy.cluster.schema.validating import validate_custom

__all__ = [
    "FREE",
    "NO_DEFAULT",
    "Column",
    "ScalePaths",
    "Schema",
    "Schemas",
    "apply_defaults",
    "check_types",
    "find_duplicates",
    "prune",
    "validate_crd",
    "validate_custom",
]
