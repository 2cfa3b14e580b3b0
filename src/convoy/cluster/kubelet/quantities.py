"""Quantities of resources (`250m`, `1Gi`, `2e3`) as exact numbers, and what a `resourceFieldRef` gives.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from convoy.api.kube.core import Container

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse_quantity(text: object) -> Decimal:
    """The number that a quantity stands for; ValueError for what is none."""
    match = _QUANTITY.match(str(text).strip())
    if match is None:
        raise ValueError(f'"{text}" is not a quantity')
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:])) if suffix else number


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
    divisor = parse_quantity(reference.get("divisor") or "1")
    return str(math.ceil(parse_quantity(value) / (divisor or Decimal(1))))
