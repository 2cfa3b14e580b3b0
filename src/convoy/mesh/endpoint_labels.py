"""The labels that an endpoint keeps: only those by which something tells endpoints apart, so that other
labels may change freely.
"""

from collections.abc import Mapping

import msgspec

from convoy.mesh.model import Labels, MeshSettings
from convoy.mesh.pods import CLUSTER_LABEL, NETWORK_LABEL, REGION_LABEL, SUBZONE_LABEL, ZONE_LABEL

_HOSTNAME_LABEL = "kubernetes.io/hostname"


class LabelFilter(msgspec.Struct, frozen=True, eq=False):
    """Keeps the labels with these keys."""

    keys: frozenset[str]
    cluster_id: str

    def of(self, own: Mapping[str, str], *, network: str, locality: str, node: str = "") -> Labels:
        """Of an endpoint's own labels and of those that say where it is; `node` where that is known."""
        if not self.keys:
            return ()
        region, zone, subzone = [*locality.split("/"), "", "", ""][:3]
        topology = {
            CLUSTER_LABEL: self.cluster_id,
            NETWORK_LABEL: network,
            REGION_LABEL: region,
            ZONE_LABEL: zone,
            SUBZONE_LABEL: subzone,
            _HOSTNAME_LABEL: node,
        }
        # What an address of a ServiceEntry says of itself counts: it may well be in another cluster.
        labels = {**{key: value for key, value in topology.items() if value}, **own}
        return tuple(sorted((key, labels[key]) for key in self.keys & labels.keys()))


def label_filter(keys: frozenset[str], settings: MeshSettings) -> LabelFilter:
    """The filter for endpoints of this cluster."""
    return LabelFilter(keys, str(settings.cluster_id))
