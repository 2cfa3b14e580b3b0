"""What fields mean, for `kubectl explain`: by the struct that has the field, and the field's name.

One module per kind or family of kinds; a struct that several kinds have stands where it is used first.
"""

from collections.abc import Mapping

from convoy.api.crds.descriptions.destination_rule import DESTINATION_RULE
from convoy.api.crds.descriptions.envoy_filter import ENVOY_FILTER
from convoy.api.crds.descriptions.gateway import GATEWAY
from convoy.api.crds.descriptions.service_entry import SERVICE_ENTRY
from convoy.api.crds.descriptions.virtual_service import VIRTUAL_SERVICE
from convoy.api.crds.descriptions.workloads import WORKLOADS

DESCRIPTIONS: Mapping[tuple[str, str], str] = {
    (struct, field): text
    for kind in (DESTINATION_RULE, ENVOY_FILTER, GATEWAY, SERVICE_ENTRY, VIRTUAL_SERVICE, WORKLOADS)
    for struct, fields in kind.items()
    for field, text in fields.items()
}
