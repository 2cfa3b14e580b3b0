"""Discovery: which groups, versions and resources there are, in the old form and in the aggregated one.

Order matters. kubectl takes `deploy` for the first resource of that name, lists categories in this order, and
prefers a group's first version. Built-in groups stand as their table has them, apps before extensions; custom
ones follow by name, their versions as Kubernetes ranks them
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/).
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal

from convoy.cluster.apiserver.documents import Document, make_json
from convoy.cluster.machinery.resources import Resource, ResourceTable, Subresource

Form = Literal["plain", "v2", "v2beta1"]  # the aggregated forms are versions of apidiscovery.k8s.io

# Groups in order, each with its versions in order, each with its resources.
Groups = dict[str, dict[str, list[Resource]]]


def aggregated_media_type(form: Form) -> str:
    """The Content-Type that an aggregated answer must carry for client-go to believe it is one."""
    if form == "plain":
        return "application/json"
    return f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"


class Discovery:
    """The discovery documents of a resource table, made again when the table changed."""

    def __init__(self, resources: ResourceTable) -> None:
        self._resources = resources
        self._generation = -1
        self._groups: Groups = {}
        self._documents: dict[tuple[str, ...], Document] = {}

    def core(self, form: Form = "plain") -> Document:
        """What `/api` answers."""
        return self._made(("core", form), lambda groups: _core_document(groups, form), form)

    def groups(self, form: Form = "plain") -> Document:
        """What `/apis` answers."""
        return self._made(("groups", form), lambda groups: _groups_document(groups, form), form)

    def group(self, name: str) -> Document | None:
        """What `/apis/NAME` answers; None where there is no such group."""
        if not name or name not in self._current():
            return None
        return self._made(("group", name), lambda groups: _typed("APIGroup", _group(name, groups[name])))

    def version(self, group: str, version: str) -> Document | None:
        """What `/apis/GROUP/VERSION` (group "": `/api/VERSION`) answers; None where there is none."""
        if version not in self._current().get(group, {}):
            return None
        return self._made(("version", group, version), lambda groups: _version(groups[group][version]))

    def _current(self) -> Groups:
        if self._generation != self._resources.generation:
            self._groups = sort_groups(self._resources)
            self._documents.clear()
            self._generation = self._resources.generation
        return self._groups

    def _made(self, key: tuple[str, ...], make: Callable[[Groups], Any], form: Form = "plain") -> Document:
        groups = self._current()
        if key not in self._documents:
            self._documents[key] = make_json(make(groups), aggregated_media_type(form))
        return self._documents[key]


def sort_groups(resources: Iterable[Resource]) -> Groups:
    """Every group with its versions and their resources, in discovery order."""
    found: Groups = {}
    for resource in resources:
        found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    own = {group for group, versions in found.items() if _is_built_in(versions)}
    custom = sorted(found.keys() - own)
    return {
        **{group: versions for group, versions in found.items() if group in own},
        **{group: dict(sorted(found[group].items(), key=_rank_of_item)) for group in custom},
    }


def _is_built_in(versions: dict[str, list[Resource]]) -> bool:
    return any(not resource.is_custom for resources in versions.values() for resource in resources)


def _rank_of_item(item: tuple[str, Any]) -> tuple[int, int, int, str]:
    return version_rank(item[0])


_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STAGES = {None: 0, "beta": 1, "alpha": 2}


def version_rank(version: str) -> tuple[int, int, int, str]:
    """A sort key: stable before beta before alpha, newer before older, and what is no such version last."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return 3, 0, 0, version
    return _STAGES[match[2]], -int(match[1]), -int(match[3] or 0), version


def _typed(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": "v1", **fields}


def _core_document(groups: Groups, form: Form) -> dict[str, Any]:
    core = groups.get("", {})
    if form != "plain":
        return _aggregated({"": core}, form)
    return {"kind": "APIVersions", "versions": list(core), "serverAddressByClientCIDRs": []}


def _groups_document(groups: Groups, form: Form) -> dict[str, Any]:
    named = {name: versions for name, versions in groups.items() if name}
    if form != "plain":
        return _aggregated(named, form)
    return _typed("APIGroupList", {"groups": [_group(name, versions) for name, versions in named.items()]})


def _group(name: str, versions: Iterable[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _version(resources: list[Resource]) -> dict[str, Any]:
    rows = [row for resource in resources for row in _plain_rows(resource)]
    return _typed("APIResourceList", {"groupVersion": resources[0].api_version, "resources": rows})


def _plain_rows(resource: Resource) -> Iterable[dict[str, Any]]:
    """A resource and what is below it; a subresource says its kind's version where that is another."""
    yield {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
        **_names(resource),
    }
    for sub in _sorted(resource.subresources):
        elsewhere = sub.api_version != resource.api_version
        yield {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **(_group_version(sub.api_version) if elsewhere else {}),
            "kind": sub.kind,
            "verbs": list(sub.verbs),
        }


def _names(resource: Resource) -> dict[str, Any]:
    return {
        **({"shortNames": list(resource.short_names)} if resource.short_names else {}),
        **({"categories": list(resource.categories)} if resource.categories else {}),
    }


def _sorted(subresources: Iterable[Subresource]) -> list[Subresource]:
    return sorted(subresources, key=lambda sub: sub.name)


def _group_version(api_version: str) -> dict[str, str]:
    group, _, version = api_version.rpartition("/")
    return {"group": group, "version": version}


def _aggregated(groups: Groups, form: Form) -> dict[str, Any]:
    """Everything at once, since Kubernetes 1.26 (https://kubernetes.io/docs/concepts/overview/kubernetes-api/)."""
    items = [
        {
            "metadata": {**({"name": name} if name else {}), "creationTimestamp": None},
            "versions": [
                {
                    "version": version,
                    "resources": [_aggregated_row(resource) for resource in resources],
                    "freshness": "Current",
                }
                for version, resources in versions.items()
            ],
        }
        for name, versions in groups.items()
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{form}",
        "metadata": {},
        "items": items,
    }


def _aggregated_row(resource: Resource) -> dict[str, Any]:
    below = [
        {
            "subresource": sub.name,
            "responseKind": {**_group_version(sub.api_version), "kind": sub.kind},
            "verbs": list(sub.verbs),
        }
        for sub in _sorted(resource.subresources)
    ]
    return {
        "resource": resource.plural,
        "responseKind": {**_group_version(resource.api_version), "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        **_names(resource),
        **({"subresources": below} if below else {}),
    }
