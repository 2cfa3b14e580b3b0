"""Nobody grants what they do not hold, over a real registry."""

import pytest

from convoy.cluster.apiserver.auth.coverage import TooManyError, find_uncovered
from convoy.cluster.apiserver.auth.escalation import EscalationGuard
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.apiserver.auth.rules import Rule
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import ADMIN, Patch, User, WriteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store

GROUP = "rbac.authorization.k8s.io"
JANE = User("jane", ("developers", "system:authenticated"))
READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
READ_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}


class Place:
    def __init__(self, registry):
        self.registry = registry

    async def create(self, obj, user=ADMIN):
        resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
        namespace = "shop" if resource.namespaced else ""
        await self.registry.create(resource, namespace, obj, WriteOptions(user=user))

    async def patch(self, kind, name, body, user=JANE):
        resource = self.registry.resources.by_kind(f"{GROUP}/v1", kind)
        namespace = "shop" if resource.namespaced else ""
        await self.registry.patch(resource, namespace, name, Patch("merge", body), WriteOptions(user=user))


def role(name, *rules, kind="Role", **more):
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "rules": list(rules),
        **more,
    }


def binding(role_name, *, name="b", kind="RoleBinding", role_kind="Role", user="jane"):
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role_name},
        "subjects": [{"kind": "User", "name": user}],
    }


@pytest.fixture
async def place():
    """Jane may read pods in the namespace `shop`."""
    store = Store(None)
    store.open()
    registry = Registry(store=store, resources=ResourceTable(BUILTIN), schemas=Schemas())
    registry.admission = EscalationGuard(registry, RbacAuthorizer(store))
    made = Place(registry)
    await made.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    await made.create(role("janes", READ_PODS))
    await made.create(binding("janes", name="janes"))
    yield made
    store.close()


async def test_what_one_holds_one_may_grant(place):
    await place.create(role("readers", READ_PODS), JANE)
    await place.create(binding("readers", user="joe"), JANE)


async def test_role_with_more_than_one_holds_is_refused_in_known_words(place):
    more = {"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "delete"]}
    with pytest.raises(StatusError) as refused:
        await place.create(role("readers", READ_PODS, more), JANE)
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")
    assert refused.value.message == (
        'roles.rbac.authorization.k8s.io "readers" is forbidden: user "jane" '
        '(groups=["developers" "system:authenticated"]) is attempting to grant RBAC permissions '
        "not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["delete" "get"]}'
    )


async def test_what_one_holds_in_a_namespace_is_not_held_everywhere(place):
    with pytest.raises(StatusError, match="not currently held"):
        await place.create(role("readers", READ_PODS, kind="ClusterRole"), JANE)


async def test_role_beyond_ones_own_may_not_be_labelled(place):
    await place.create(role("everything", READ_SECRETS, kind="ClusterRole"))
    label = {f"{GROUP}/aggregate-to-view": "true"}
    with pytest.raises(StatusError, match="not currently held"):
        await place.patch("ClusterRole", "everything", {"metadata": {"labels": label}})


async def test_changed_role_must_be_held_as_it_will_be(place):
    await place.create(role("powers", READ_SECRETS))
    with pytest.raises(StatusError, match="not currently held"):
        await place.patch("Role", "powers", {"metadata": {"labels": {"a": "b"}}})
    with pytest.raises(StatusError, match="not currently held"):
        await place.patch("Role", "powers", {"rules": [{**READ_SECRETS, "verbs": ["list"]}]})
    await place.patch("Role", "powers", {"rules": []})


async def test_role_beyond_ones_own_may_not_be_bound(place):
    await place.create(role("powers", READ_SECRETS))
    with pytest.raises(StatusError, match="not currently held"):
        await place.create(binding("powers"), JANE)


async def test_missing_role_may_not_be_bound(place):
    with pytest.raises(StatusError) as refused:
        await place.create(binding("nothing"), JANE)
    assert (refused.value.code, refused.value.reason) == (404, "NotFound")
    await place.create(binding("nothing"), ADMIN)


async def test_verb_bind_lets_bind_that_role(place):
    await place.create(role("powers", READ_SECRETS))
    await place.create(role("others", READ_SECRETS))
    bind = {"apiGroups": [GROUP], "resources": ["roles"], "resourceNames": ["powers"], "verbs": ["bind"]}
    await place.create(role("binders", bind))
    await place.create(binding("binders", name="binders"))
    await place.create(binding("powers", user="joe"), JANE)
    with pytest.raises(StatusError, match="not currently held"):
        await place.create(binding("others", name="c", user="joe"), JANE)


async def test_verb_escalate_lets_write_any_role(place):
    escalate = {"apiGroups": [GROUP], "resources": ["roles"], "verbs": ["escalate"]}
    await place.create(role("escalators", escalate))
    await place.create(binding("escalators", name="escalators"))
    await place.create(role("powers", READ_SECRETS), JANE)


async def test_aggregation_needs_everything(place):
    await place.create(role("wide", READ_PODS, kind="ClusterRole"))
    await place.create(binding("wide", kind="ClusterRoleBinding", role_kind="ClusterRole"))
    rule = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    with pytest.raises(StatusError) as refused:
        await place.create(role("all", READ_PODS, kind="ClusterRole", aggregationRule=rule), JANE)
    assert "must have cluster-admin privileges to use an aggregationRule: " in refused.value.message
    await place.create(role("most", READ_PODS, kind="ClusterRole"), JANE)
    with pytest.raises(StatusError, match="cluster-admin privileges"):
        await place.patch("ClusterRole", "most", {"aggregationRule": rule})


async def test_anybody_who_may_write_it_lets_a_role_go(place):
    powers = role("powers", READ_SECRETS)
    powers["metadata"]["finalizers"] = ["example.com/x"]
    await place.create(powers)
    await place.patch("Role", "powers", {"metadata": {"finalizers": None}})


def rule(verbs, resources="pods", groups="", names="", paths=()):
    sets = [frozenset(text.split(",")) if text else frozenset() for text in (verbs, resources, names)]
    return Rule(sets[0], frozenset(groups.split(",")), sets[1], sets[2], paths)


def test_rule_may_be_covered_by_several_together():
    held = [rule("get"), rule("list"), rule("*", "services")]
    assert find_uncovered(held, [rule("get,list", "pods"), rule("delete", "services")]) == []
    assert find_uncovered(held, [rule("get,list,watch", "pods,services")]) == [rule("watch")]


def test_paths_are_covered_by_patterns():
    held = [Rule(frozenset({"get"}), paths=("/api/*",))]
    assert find_uncovered(held, [Rule(frozenset({"get"}), paths=("/api/v1", "/apis"))]) == [
        Rule(frozenset({"get"}), paths=("/apis",))
    ]


def test_rules_without_end_are_not_compared():
    many = ",".join(str(number) for number in range(400))
    with pytest.raises(TooManyError):
        find_uncovered([rule("get")], [rule(many, many)])
