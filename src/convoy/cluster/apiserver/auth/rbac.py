"""What users may do, by the Roles and bindings that are stored now.

Members of `system:masters` may do everything, before any rule is asked. What a user's bindings give is
compiled once and kept until one of the four kinds changes.
Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from convoy.cluster.apiserver.access import Attributes, Decision
from convoy.cluster.apiserver.auth.rules import Rule
from convoy.cluster.machinery.requests import User
from convoy.cluster.store import Store, Stored

_GROUP = "rbac.authorization.k8s.io"
_ROLES = f"{_GROUP}/roles"
_CLUSTER_ROLES = f"{_GROUP}/clusterroles"
_BINDINGS = f"{_GROUP}/rolebindings"
_CLUSTER_BINDINGS = f"{_GROUP}/clusterrolebindings"
_STORAGES = (_ROLES, _CLUSTER_ROLES, _BINDINGS, _CLUSTER_BINDINGS)
MASTERS = "system:masters"
_ACCOUNT = "system:serviceaccount:"
_MOST_USERS = 10_000

# A grant: who gave it, for messages, and its rules.
_Grant = tuple[str, tuple[Rule, ...]]


class RbacAuthorizer:
    """The authorizer of one cluster, over its store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: tuple[Sequence[Stored], ...] = tuple(() for _ in _STORAGES)
        self._grants: dict[tuple[str, tuple[str, ...]], dict[str, list[_Grant]]] = {}

    def allows(self, user: User, attributes: Attributes) -> Decision:
        """As Authorizer has it."""
        if MASTERS in user.groups:
            return Decision(True)
        grants = self._grants_of(user)
        for namespace in dict.fromkeys(("", attributes.namespace)):
            for binding, rules in grants.get(namespace, ()):
                if any(rule.allows(attributes) for rule in rules):
                    return Decision(True, f"RBAC: allowed by {binding}")
        return Decision(False)

    def rules_of(self, user: User, namespace: str) -> list[Rule]:
        """Every rule that holds for a user in a namespace."""
        if MASTERS in user.groups:
            everything = frozenset({"*"})
            return [Rule(everything, everything, everything), Rule(everything, paths=("*",))]
        grants = self._grants_of(user)
        lists = (grants.get(place, ()) for place in dict.fromkeys(("", namespace)))
        return [rule for grant in lists for _, rules in grant for rule in rules]

    def rules_of_role(self, kind: str, namespace: str, name: str) -> tuple[Rule, ...]:
        """The rules of a Role or ClusterRole; none when there is no such role."""
        storage = _CLUSTER_ROLES if kind == "ClusterRole" else _ROLES
        place = "" if kind == "ClusterRole" else namespace
        for stored in self._store.list(storage, place):
            if stored.key.name == name:
                return tuple(Rule.parse(rule) for rule in stored.object.get("rules") or ())
        return ()

    def _grants_of(self, user: User) -> dict[str, list[_Grant]]:
        """A user's grants by namespace; those of the namespace "" hold everywhere."""
        # A storage's list is the same object until something in it changes.
        now = tuple(self._store.list(storage) for storage in _STORAGES)
        if any(new is not old for new, old in zip(now, self._seen, strict=True)):
            self._seen = now
            self._grants.clear()
        key = (user.name, user.groups)
        if key not in self._grants:
            if len(self._grants) >= _MOST_USERS:
                self._grants.clear()
            self._grants[key] = self._compile(user)
        return self._grants[key]

    def _compile(self, user: User) -> dict[str, list[_Grant]]:
        roles, cluster_roles, bindings, cluster_bindings = self._seen
        rules = {("Role", s.key.namespace, s.key.name): s.object for s in roles}
        rules |= {("ClusterRole", "", s.key.name): s.object for s in cluster_roles}
        grants: dict[str, list[_Grant]] = {}
        for stored in (*cluster_bindings, *bindings):
            namespace = stored.key.namespace
            if not any(_is_subject(user, subject, namespace) for subject in _subjects(stored.object)):
                continue
            reference = stored.object.get("roleRef") or {}
            kind, name = reference.get("kind", ""), reference.get("name", "")
            role = rules.get((kind, "" if kind == "ClusterRole" else namespace, name))
            if role is not None:
                parsed = tuple(Rule.parse(rule) for rule in role.get("rules") or ())
                grants.setdefault(namespace, []).append((_described(stored, kind, name), parsed))
        return grants


def _subjects(binding: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from binding.get("subjects") or ()


def _is_subject(user: User, subject: Mapping[str, Any], namespace: str) -> bool:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return bool(user.name == name)
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            place = subject.get("namespace") or namespace
            return bool(place) and user.name == f"{_ACCOUNT}{place}:{name}"
        case _:
            return False


def _described(stored: Stored, kind: str, role: str) -> str:
    binding = "RoleBinding" if stored.key.namespace else "ClusterRoleBinding"
    place = f"{stored.key.name}/{stored.key.namespace}" if stored.key.namespace else stored.key.name
    return f'{binding} "{place}" of {kind} "{role}"'
