"""Destinations of routes: a host, its subset and port, and the weights among several."""

from collections.abc import Sequence

from convoy.api import codes
from convoy.api.istio.common import Destination
from convoy.api.paths import quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.limits import LARGEST_UINT32


def check_destination(path: str, destination: Destination, found: Findings) -> None:
    """A host, which may be a wildcard of a ServiceEntry, and the name of a subset."""
    found.check_host(f"{path}.host", destination.host, wildcard=True)
    if destination.subset:
        check_subset_name(f"{path}.subset", destination.subset, found)


def check_subset_name(path: str, name: str, found: Findings) -> None:
    """A DNS label, in upper or lower case."""
    if not names.is_host_label(name):
        message = f"{quote(name)} is not a subset name."
        found.add(codes.BAD_NAME, path, message, 'Use letters, digits and "-".')


def check_weights(path: str, weights: Sequence[int], found: Findings) -> None:
    """Several destinations share something, and Envoy can add their weights."""
    total = sum(weights)
    if len(weights) > 1 and total == 0:
        message = f"the weights of {len(weights)} destinations add up to 0, so none would get a request."
        found.add(codes.BAD_WEIGHT, path, message, "Give each its weight.")
    if total > LARGEST_UINT32:
        message = f"the weights add up to {total}, but Envoy counts to {LARGEST_UINT32}."
        found.add(codes.BAD_WEIGHT, path, message, "Use smaller ones.")
