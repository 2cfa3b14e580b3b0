"""Destinations that are named by an alias: they mean the service that the alias names."""

from collections.abc import Mapping

import msgspec

from convoy.api.meta import Hostname
from convoy.mesh.http_rules import PreparedRule, Target

Aliases = Mapping[Hostname, Hostname]


def resolve_target(target: Target, aliases: Aliases) -> Target:
    """The same destination under the name by which the mesh knows it."""
    host = aliases.get(target.host)
    return msgspec.structs.replace(target, host=host) if host else target


def resolve_rule(rule: PreparedRule, aliases: Aliases) -> PreparedRule:
    """The rule with all its destinations and mirrors resolved; the rule itself where none is an alias."""
    if not aliases:
        return rule
    return msgspec.structs.replace(
        rule,
        targets=tuple(resolve_target(target, aliases) for target in rule.targets),
        mirrors=tuple(
            msgspec.structs.replace(mirror, target=resolve_target(mirror.target, aliases))
            for mirror in rule.mirrors
        ),
    )
