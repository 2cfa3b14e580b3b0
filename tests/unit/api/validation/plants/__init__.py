"""Every rule, planted: what makes an object wrong, and the code and field of the problem that must follow."""

from tests.unit.api.validation.planting import Plant
from tests.unit.api.validation.plants import (
    common,
    destination_rules,
    entries,
    filters,
    gateways,
    sidecars,
    virtual_services,
)

PLANTS: tuple[Plant, ...] = tuple(
    each
    for module in (common, gateways, destination_rules, entries, sidecars, virtual_services, filters)
    for each in module.PLANTS
)
