"""What a `resourceFieldRef` gives.

https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from convoy.api.kube.core import Container
from convoy.cluster.schema.quantities import parse_quantity


def resource_field(container: Container, reference: Mapping[str, Any], allocatable: Mapping[str, str]) -> str:
    """What `resource` of a reference names, in units of its `divisor`, rounded up; ValueError.

    A limit that is not set is what the node has, and a request that is not set is the limit.
    """
    kind, _dot, name = str(reference.get("resource", "")).partition(".")
    limits = container.resources.get("limits") or {}
    requests = container.resources.get("requests") or {}
    if kind == "limits":
        value = limits.get(name, allocatable.get(name, "0"))
    elif kind == "requests":
        value = requests.get(name, limits.get(name, "0"))
    else:
        raise ValueError(f'"{reference.get("resource")}" is not a resource of a container')
    divisor = parse_quantity(str(reference.get("divisor") or "1"))
    return str(math.ceil(parse_quantity(str(value)) / (divisor or Decimal(1))))
