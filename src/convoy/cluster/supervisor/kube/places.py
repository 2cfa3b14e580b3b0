"""Where a cluster is: its folder, and the ranges and region that it has had from the first time on.

Clusters of one state folder are numbered, and have ranges of their own as far as there are some; beyond that
they share, which is no harm as only load balancer addresses are reached from other clusters.
"""

import ipaddress
from pathlib import Path

import msgspec

from convoy.cluster.errors import ManifestError, WorldError
from convoy.cluster.network.nodes import Node, plan_nodes
from convoy.cluster.tokens import write_secret_file
from convoy.cluster.types import KubeClusterSpec

_ALL = ipaddress.IPv4Network("198.18.0.0/16")
_RANGES = list(_ALL.subnets(new_prefix=19))  # for each cluster: half of it pods, half of it Services
_FILE = "network.json"
_API_ADDRESS, _DNS_ADDRESS = 1, 10


class Place(msgspec.Struct, frozen=True):
    """What a cluster keeps over its lives, in `network.json`."""

    number: int
    pod_cidr: str
    service_cidr: str
    region: str

    @property
    def api_address(self) -> str:
        """The ClusterIP of `kubernetes.default`."""
        return str(ipaddress.IPv4Network(self.service_cidr)[_API_ADDRESS])

    @property
    def dns_address(self) -> str:
        """The ClusterIP of `kube-dns`."""
        return str(ipaddress.IPv4Network(self.service_cidr)[_DNS_ADDRESS])

    def nodes(self, cluster: str, count: int) -> tuple[Node, ...]:
        """The nodes of the cluster; raises ManifestError when it has no room for so many."""
        try:
            return plan_nodes(cluster, count, pod_cidr=self.pod_cidr, region=self.region)
        except ValueError as error:
            raise ManifestError(f"cluster {cluster}: {error}.") from error


def find_place(clusters: Path, spec: KubeClusterSpec) -> Place:
    """The place of a cluster, kept in its folder below `clusters`; a new one when it has none.

    Raises ManifestError when ranges or region are wanted that differ from those it has: addresses of stored
    objects lie in them.
    """
    check_name(spec.name)
    folder = clusters / spec.name
    kept = _read(folder / _FILE)
    if kept is None:
        kept = _new_place(spec, _numbers(clusters))
        write_secret_file(folder / _FILE, msgspec.json.encode(kept))
    for field in ("pod_cidr", "service_cidr", "region"):
        wanted, has = getattr(spec, field), getattr(kept, field)
        if wanted and wanted != has:
            raise ManifestError(
                f"cluster {spec.name} has the {field.replace('_', ' ')} {has}, which cannot become {wanted}; "
                "purge it first, or leave this out."
            )
    return kept


def check_name(name: str) -> None:
    """Raise ManifestError for a name that cannot be part of names of nodes, folders and DNS."""
    ok = name.isascii() and name.replace("-", "").isalnum() and name == name.lower()
    if not ok or name.startswith("-") or name.endswith("-") or len(name) > 40:
        raise ManifestError(
            f'"{name}" cannot be the name of a cluster: use up to 40 lower-case letters, digits and "-".'
        )


def _numbers(clusters: Path) -> set[int]:
    places = [_read(path) for path in clusters.glob(f"*/{_FILE}")]
    return {place.number for place in places if place is not None}


def _new_place(spec: KubeClusterSpec, taken: set[int]) -> Place:
    number = next(number for number in range(len(taken) + 1) if number not in taken)
    pods, services = _RANGES[number % len(_RANGES)].subnets(prefixlen_diff=1)
    place = Place(
        number=number,
        pod_cidr=spec.pod_cidr or str(pods),
        service_cidr=spec.service_cidr or str(services),
        region=spec.region or f"region-{number + 1}",
    )
    for cidr in (place.pod_cidr, place.service_cidr):
        _check_range(spec.name, cidr)
    if ipaddress.IPv4Network(place.pod_cidr).overlaps(ipaddress.IPv4Network(place.service_cidr)):
        raise ManifestError(f"cluster {spec.name}: {place.pod_cidr} and {place.service_cidr} overlap.")
    return place


def _check_range(cluster: str, cidr: str) -> None:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise ManifestError(f"cluster {cluster}: {cidr} is not a range in CIDR form.") from error
    if not network.subnet_of(_ALL) or network.prefixlen > 26:
        raise ManifestError(f"cluster {cluster}: {cidr} is not a range of {_ALL} with at least 64 addresses.")


def _read(path: Path) -> Place | None:
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Place)
    except msgspec.DecodeError as error:
        raise WorldError(f"{path} is damaged: {error}.") from error
