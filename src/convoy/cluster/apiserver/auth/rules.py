"""One RBAC rule, and whether it allows something.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from convoy.cluster.apiserver.access import Attributes


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's fields; an empty `names` means every object."""

    verbs: frozenset[str]
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()

    @classmethod
    def parse(cls, rule: Mapping[str, Any]) -> Self:
        """From a Role's or ClusterRole's rule."""
        return cls(
            frozenset(rule.get("verbs") or ()),
            frozenset(rule.get("apiGroups") or ()),
            frozenset(rule.get("resources") or ()),
            frozenset(rule.get("resourceNames") or ()),
            tuple(rule.get("nonResourceURLs") or ()),
        )

    def to_json(self) -> dict[str, list[str]]:
        """As SelfSubjectRulesReview shows a rule about resources."""
        shown = {"verbs": self.verbs, "apiGroups": self.groups, "resources": self.resources}
        names = {"resourceNames": sorted(self.names)} if self.names else {}
        return {key: sorted(values) for key, values in shown.items()} | names

    def allows(self, attributes: Attributes) -> bool:
        """Whether this rule alone allows it."""
        if not _has(self.verbs, attributes.verb):
            return False
        if not attributes.is_resource:
            return any(_path_matches(pattern, attributes.path) for pattern in self.paths)
        return (
            _has(self.groups, attributes.group)
            and self._has_resource(attributes.resource, attributes.subresource)
            and (not self.names or attributes.name in self.names)
        )

    def _has_resource(self, resource: str, subresource: str) -> bool:
        full = f"{resource}/{subresource}" if subresource else resource
        return (
            "*" in self.resources
            or full in self.resources
            or (bool(subresource) and f"*/{subresource}" in self.resources)
        )

    def covers(self, other: "Rule") -> bool:
        """Whether everything that `other` allows is allowed by this rule: enough to see no escalation."""
        if other.paths:
            return _covers(self.verbs, other.verbs) and all(
                any(_path_matches(pattern, path) for pattern in self.paths) for path in other.paths
            )
        has_names = not self.names or (bool(other.names) and other.names <= self.names)
        return (
            has_names
            and _covers(self.verbs, other.verbs)
            and _covers(self.groups, other.groups)
            and all(self._has_resource(*_parted(name)) for name in other.resources)
        )


def _parted(name: str) -> tuple[str, str]:
    resource, _, subresource = name.partition("/")
    return resource, subresource


def _has(allowed: frozenset[str], value: str) -> bool:
    return "*" in allowed or value in allowed


def _covers(allowed: frozenset[str], wanted: frozenset[str]) -> bool:
    return "*" in allowed or wanted <= allowed


def _path_matches(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return pattern == path
