"""Which endpoints of a service port one upstream has."""

from convoy.api.istio.destination_rule import Subset
from convoy.mesh.model import Endpoint, Labels, Part


class EndpointSelector(Part, frozen=True, cache_hash=True):
    """Conditions on endpoints. `network` empty: any; else only endpoints on that network."""

    labels: Labels = ()
    network: str = ""
    only_mtls: bool = False
    rank: int = 0
    """Which of several services with the same host they are endpoints of."""


def subset_labels(subset: Subset | None) -> Labels:
    """The labels that a subset's endpoints carry; none for the service as a whole."""
    return tuple(sorted(subset.labels.items())) if subset else ()


def select_endpoints(endpoints: tuple[Endpoint, ...], selector: EndpointSelector) -> tuple[Endpoint, ...]:
    """The endpoints that meet all conditions, in their order; the same tuple when all of them do."""
    if not (selector.labels or selector.network or selector.only_mtls):
        return endpoints
    wanted = set(selector.labels)
    return tuple(
        endpoint
        for endpoint in endpoints
        if wanted <= set(endpoint.labels)
        and selector.network in ("", endpoint.network)
        and (endpoint.accepts_mtls or not selector.only_mtls)
    )
