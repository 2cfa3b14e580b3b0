"""Encoded resources and the sets of them that proxies are served from.

A protobuf message is the concatenation of its fields, so each resource is encoded once as the bytes of one
`resources` entry of a `DeltaDiscoveryResponse`; the entry of a `DiscoveryResponse`, which is the protocol's
state of the world, is a part of that. A response is then a header, such chunks, and a nonce.
Versions are content hashes: replicas and restarts agree on them.
"""

from collections.abc import Callable, Collection, ItemsView, Iterable, Iterator, Mapping, ValuesView
from hashlib import sha256
from operator import attrgetter

import msgspec

from convoy.kit.digests import digest
from convoy.mesh.revisions import Revision, changed_keys
from convoy.xds.cache.layers import Layers

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
EXTENSION = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"

_WEIGHT_BYTES = 16

# The order in which a change is sent: a cluster before its endpoints, both before what names the cluster.
SEND_ORDER = (CLUSTER, ENDPOINT, LISTENER, ROUTE)


def sending_rank(type_url: str) -> tuple[int, str]:
    """What types are sorted by to be sent; those outside the order come last."""
    return (SEND_ORDER.index(type_url) if type_url in SEND_ORDER else len(SEND_ORDER), type_url)


class Resource(msgspec.Struct, frozen=True, weakref=True):
    """One named resource, encoded."""

    name: str
    version: str
    """Content hash of the message's deterministic serialization."""
    delta_chunk: bytes
    """Bytes of one `resources` entry (field 2) of a DeltaDiscoveryResponse."""
    sotw_start: int = 0
    sotw_end: int = 0
    """Between these lies the message: in either response a field 2, an `Any`."""

    @property
    def sotw_chunk(self) -> bytes:
        """Bytes of one `resources` entry (field 2) of a DiscoveryResponse."""
        return self.delta_chunk[self.sotw_start : self.sotw_end]

    def __repr__(self) -> str:
        # Without the bytes: those of a secret hold a private key.
        return f"Resource({self.name!r}, {self.version!r})"


class ResourceSet(Mapping[str, Resource]):
    """The resources of one type that a proxy may have, by name; immutable.

    Built once per view and shared by every proxy of that view, so identity (`is`) means unchanged. They are
    in the order of their names; those of a set `over` another one follow the other's.
    """

    __slots__ = ("_by_name", "_weight", "layers", "version")

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        by_name = {r.name: r for r in sorted(resources, key=lambda r: r.name)}
        self._by_name: Mapping[str, Resource] = Revision(by_name, order=str)
        self._weight = sum(map(_weight_of, by_name.values()))
        self.version = _version_of(self._weight)
        self.layers: tuple[ResourceSet, ResourceSet] | None = None
        """The set that is shared with others, and what this one has besides; None: the set is one piece."""

    def revised(self, resources: Collection[Resource]) -> "ResourceSet":
        """The same with these resources instead of those of their names, or besides; this very object where
        their versions are those that it has.
        """
        had = {resource.name: self.get(resource.name) for resource in resources}
        news = [one for one in resources if (old := had[one.name]) is None or old.version != one.version]
        if not news:
            return self
        if not isinstance(self._by_name, Revision):
            return ResourceSet({**self, **{one.name: one for one in news}}.values())
        made = ResourceSet()
        made._by_name = self._by_name.revised({one.name: one for one in news})
        made._weight = self._weight + sum(map(_weight_of, news))
        made._weight -= sum(_weight_of(old) for one in news if (old := had[one.name]))
        made.version = _version_of(made._weight)
        return made

    def changed_since(self, before: "ResourceSet") -> frozenset[str] | None:
        """The names of resources that differ from a set that this one was made of; None: not known."""
        if before is self:
            return frozenset()
        return changed_keys(self._by_name, before._by_name)

    @classmethod
    def over(cls, shared: "ResourceSet", own: Iterable[Resource]) -> "ResourceSet":
        """`shared` and some more, for what `shared` itself does not cost again; names in both are `own`."""
        above = cls(own)
        if not above:
            return shared
        if shared.layers or any(name in shared for name in above):
            return cls((*shared.values(), *above.values()))
        both = cls()
        both._by_name = Layers(shared, above)
        both.version = digest(f"{shared.version}\0{above.version}".encode())
        both.layers = (shared, above)
        return both

    def __getitem__(self, name: str) -> Resource:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    # Sets are parts of cache keys. What is in them is told by their version.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceSet) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    # What Mapping derives from the three methods above is several times slower than asking the dict.
    def items(self) -> ItemsView[str, Resource]:
        """Names and resources."""
        return self._by_name.items()

    def values(self) -> ValuesView[Resource]:
        """The resources, in the order of the names."""
        return self._by_name.values()

    def __contains__(self, name: object) -> bool:
        return name in self._by_name


def _weight_of(resource: Resource) -> int:
    """What a resource adds to its set's weight: sets of one content weigh the same, in whatever order their
    resources came, and a changed resource changes the weight without a look at the others.
    """
    return int.from_bytes(sha256(f"{resource.name}\0{resource.version}".encode()).digest()[:_WEIGHT_BYTES])


def _version_of(weight: int) -> str:
    return digest((weight % 256**_WEIGHT_BYTES).to_bytes(_WEIGHT_BYTES))


EMPTY = ResourceSet()


class ProxyResources(msgspec.Struct, frozen=True):
    """Everything one proxy may be served: a ResourceSet per type. Proxies of one view share the sets."""

    clusters: ResourceSet = EMPTY
    endpoints: ResourceSet = EMPTY
    listeners: ResourceSet = EMPTY
    routes: ResourceSet = EMPTY
    secrets: ResourceSet = EMPTY
    extensions: ResourceSet = EMPTY

    def of_type(self, type_url: str) -> ResourceSet:
        """The set of a type; empty for types this control plane does not serve."""
        of = _FIELD_OF_TYPE.get(type_url)
        return EMPTY if of is None else of(self)


_FIELD_OF_TYPE: Mapping[str, Callable[[ProxyResources], ResourceSet]] = {
    CLUSTER: attrgetter("clusters"),
    ENDPOINT: attrgetter("endpoints"),
    LISTENER: attrgetter("listeners"),
    ROUTE: attrgetter("routes"),
    SECRET: attrgetter("secrets"),
    EXTENSION: attrgetter("extensions"),
}


class XdsModel(msgspec.Struct, frozen=True):
    """What the control plane serves at one moment: resources by proxy, and who each proxy must be.

    `proxies` is keyed by `<pod>.<namespace>`; `identities` has the SPIFFE ID that a connection must have
    proved to be served as that proxy.
    """

    number: int
    proxies: Mapping[str, ProxyResources]
    identities: Mapping[str, str]
