"""Default roles and bindings: made, mended, and left alone where a person says so."""

import pytest

from convoy.cluster.apiserver.auth.bootstrap_roles import AUTO_UPDATE, bootstrap_bindings, bootstrap_roles
from convoy.cluster.apiserver.auth.default_objects import keep_default_roles
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import DeleteOptions, Patch, WriteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Key, Store

GROUP = "rbac.authorization.k8s.io"
ROLES, BINDINGS = f"{GROUP}/clusterroles", f"{GROUP}/clusterrolebindings"


@pytest.fixture
async def registry():
    store = Store(None)
    store.open()
    made = Registry(store=store, resources=ResourceTable(BUILTIN), schemas=Schemas())
    await keep_default_roles(made)
    yield made
    store.close()


def get(registry, storage, name):
    return registry.store.get(storage, Key("", name)).object


async def patch(registry, storage, name, body):
    resource = registry.resources.stored(storage)
    await registry.patch(resource, "", name, Patch("merge", body), WriteOptions())


async def test_all_are_made_and_nothing_is_written_again(registry):
    roles = registry.store.list(ROLES)
    assert {each.key.name for each in roles} == {each["metadata"]["name"] for each in bootstrap_roles()}
    assert len(registry.store.list(BINDINGS)) == len(bootstrap_bindings())
    revision = registry.store.revision
    await keep_default_roles(registry)
    assert registry.store.revision == revision


async def test_what_was_taken_away_comes_back_and_what_was_added_stays(registry):
    before = get(registry, ROLES, "system:basic-user")["rules"]
    own = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    await patch(registry, ROLES, "system:basic-user", {"rules": [own, before[0]]})
    await patch(registry, ROLES, "system:basic-user", {"metadata": {"labels": None}})
    await keep_default_roles(registry)
    after = get(registry, ROLES, "system:basic-user")
    assert after["rules"] == [own, *before]
    assert after["metadata"]["labels"] == {"kubernetes.io/bootstrapping": "rbac-defaults"}


async def test_subjects_come_back_beside_those_that_were_added(registry):
    before = get(registry, BINDINGS, "system:public-info-viewer")["subjects"]
    own = {"kind": "User", "name": "jane", "apiGroup": GROUP}
    await patch(registry, BINDINGS, "system:public-info-viewer", {"subjects": [own]})
    await keep_default_roles(registry)
    assert get(registry, BINDINGS, "system:public-info-viewer")["subjects"] == [own, *before]


async def test_binding_to_another_role_is_made_anew(registry):
    binding = get(registry, BINDINGS, "cluster-admin")
    resource = registry.resources.stored(BINDINGS)
    await registry.delete(resource, "", "cluster-admin", DeleteOptions(), WriteOptions())
    other = {"metadata": {"name": "cluster-admin"}, "subjects": binding["subjects"]}
    other["roleRef"] = {**binding["roleRef"], "name": "view"}
    await registry.create(resource, "", other, WriteOptions())
    await keep_default_roles(registry)
    assert get(registry, BINDINGS, "cluster-admin")["roleRef"]["name"] == "cluster-admin"


async def test_those_that_a_person_keeps_are_left_alone(registry):
    off = {"metadata": {"annotations": {AUTO_UPDATE: "false"}}}
    await patch(registry, ROLES, "view", {**off, "aggregationRule": None, "rules": []})
    await patch(registry, BINDINGS, "system:discovery", {**off, "subjects": []})
    await keep_default_roles(registry)
    assert get(registry, ROLES, "view")["rules"] == []
    assert not get(registry, BINDINGS, "system:discovery").get("subjects")


async def test_selectors_of_aggregated_roles_come_back(registry):
    own = {"matchLabels": {"mine": "yes"}}
    await patch(registry, ROLES, "view", {"aggregationRule": {"clusterRoleSelectors": [own]}})
    await keep_default_roles(registry)
    default = {"matchLabels": {f"{GROUP}/aggregate-to-view": "true"}}
    assert get(registry, ROLES, "view")["aggregationRule"] == {"clusterRoleSelectors": [own, default]}
