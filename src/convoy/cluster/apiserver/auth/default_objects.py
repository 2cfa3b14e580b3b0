"""The default roles and bindings in a cluster: made where they are missing, mended where they lack something.

What was added to them stays, and those with the annotation `rbac.authorization.kubernetes.io/autoupdate`
set to `false` are left alone.
Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
"""

from collections.abc import Callable, Sequence
from typing import Any

from convoy.cluster.apiserver.auth.bootstrap_roles import AUTO_UPDATE, bootstrap_bindings, bootstrap_roles
from convoy.cluster.apiserver.auth.coverage import find_uncovered
from convoy.cluster.apiserver.auth.rules import Rule
from convoy.cluster.machinery.requests import DeleteOptions, WriteOptions, system_user
from convoy.cluster.registry import Registry

Object = dict[str, Any]

_GROUP = "rbac.authorization.k8s.io"
_COMPONENT = "apiserver"
_AGGREGATION = "aggregationRule"
_SELECTORS = "clusterRoleSelectors"


async def keep_default_roles(registry: Registry) -> None:
    """Make and mend them all. Safe to repeat; to be called when the store is open, before others write."""
    for role in bootstrap_roles():
        await _keep(registry, "clusterroles", role, mend_role)
    for binding in bootstrap_bindings():
        await _replace_changed_reference(registry, binding)
        await _keep(registry, "clusterrolebindings", binding, mend_binding)


async def _keep(
    registry: Registry, plural: str, wanted: Object, mend: Callable[[Object, Object], Object]
) -> None:
    resource = registry.resources.stored(f"{_GROUP}/{plural}")
    name = wanted["metadata"]["name"]
    if registry.find(resource, "", name) is None:
        await registry.create(resource, "", wanted, _options())
        return

    def change(found: Object) -> Object | None:
        return mend(found, wanted) if _is_ours(found) else None

    await registry.modify(resource, "", name, change, _options())


async def _replace_changed_reference(registry: Registry, wanted: Object) -> None:
    """A binding's role cannot be changed, so a binding to another one is made anew."""
    resource = registry.resources.stored(f"{_GROUP}/clusterrolebindings")
    found = registry.find(resource, "", wanted["metadata"]["name"])
    if found is None or not _is_ours(found.object) or found.object.get("roleRef") == wanted["roleRef"]:
        return
    await registry.delete(resource, "", found.key.name, DeleteOptions(), _options())


def _options() -> WriteOptions:
    return WriteOptions(user=system_user(_COMPONENT), manager=_COMPONENT, is_internal=True)


def _is_ours(found: Object) -> bool:
    return (found["metadata"].get("annotations") or {}).get(AUTO_UPDATE) != "false"


def mend_role(found: Object, wanted: Object) -> Object:
    """A role with all that the default one has; the rules of an aggregated one are gathered by others."""
    if _AGGREGATION in wanted:
        has = (found.get(_AGGREGATION) or {}).get(_SELECTORS) or []
        selectors = _joined(has, wanted[_AGGREGATION][_SELECTORS])
        return {**_marked(found, wanted), _AGGREGATION: {_SELECTORS: selectors}}
    rules = found.get("rules") or []
    missing = find_uncovered(_parsed(rules), _parsed(wanted["rules"]))
    return {**_marked(found, wanted), "rules": [*rules, *map(_rule_json, missing)]}


def mend_binding(found: Object, wanted: Object) -> Object:
    """A binding with all subjects of the default one."""
    return {
        **_marked(found, wanted),
        "subjects": _joined(found.get("subjects") or [], wanted["subjects"]),
    }


def _marked(found: Object, wanted: Object) -> Object:
    metadata = dict(found["metadata"])
    for field in ("labels", "annotations"):
        metadata[field] = {**(metadata.get(field) or {}), **(wanted["metadata"].get(field) or {})}
    return {**found, "metadata": metadata}


def _joined(found: Sequence[Object], wanted: Sequence[Object]) -> list[Object]:
    return [*found, *(each for each in wanted if each not in found)]


def _parsed(rules: Sequence[Object]) -> list[Rule]:
    return [Rule.parse(rule) for rule in rules]


def _rule_json(rule: Rule) -> Object:
    if rule.paths:
        return {"nonResourceURLs": list(rule.paths), "verbs": sorted(rule.verbs)}
    return dict(rule.to_json())
