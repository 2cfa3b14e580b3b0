"""What RBAC allows, over a real registry, and what reviews say of it."""

import pytest

from convoy.cluster.apiserver.access import Attributes
from convoy.cluster.apiserver.auth.access_reviews import Reviews
from convoy.cluster.apiserver.auth.bootstrap_roles import bootstrap_bindings, bootstrap_roles
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.apiserver.auth.rules import Rule
from convoy.cluster.apiserver.dependencies import Review
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import ADMIN, DeleteOptions, User, WriteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store
from convoy.kit.clock import SYSTEM_CLOCK

GROUP = "rbac.authorization.k8s.io"
APP = User("system:serviceaccount:shop:app", ("system:serviceaccounts", "system:authenticated"))
JANE = User("jane", ("developers", "system:authenticated"))


def can(verb, resource, namespace="", name="", group=""):
    resource, _, subresource = resource.partition("/")
    return Attributes(verb, group, "v1", resource, subresource, namespace, name)


class Place:
    def __init__(self, registry):
        self.registry = registry
        self.authorizer = RbacAuthorizer(registry.store)
        self.reviews = Reviews(self.authorizer, None)

    async def create(self, obj, namespace=""):
        resource = self.registry.resources.by_kind(obj["apiVersion"], obj["kind"])
        await self.registry.create(resource, namespace, obj, WriteOptions())

    async def role(self, name, *rules, namespace="shop"):
        kind = "Role" if namespace else "ClusterRole"
        obj = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name}, "rules": list(rules)}
        await self.create(obj, namespace)

    async def bind(self, role, *subjects, namespace="shop", kind="Role"):
        obj = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
            "metadata": {"name": f"{role}-binding"},
            "roleRef": {"kind": kind, "name": role},
            "subjects": [dict(zip(("kind", "name", "namespace"), s, strict=False)) for s in subjects],
        }
        await self.create(obj, namespace)

    def allows(self, user, attributes):
        return self.authorizer.allows(user, attributes).is_allowed

    async def ask(self, kind, user=ADMIN, group="authorization.k8s.io", **spec):
        plural = f"{kind.lower()}s"
        resource = self.registry.resources.find(group, "v1", plural)
        answer = await self.reviews(Review(resource, "", "", "", {"spec": spec}, user, WriteOptions()))
        return answer["status"]


@pytest.fixture
async def place():
    store = Store(None)
    store.open()
    registry = Registry(store=store, resources=ResourceTable(BUILTIN), schemas=Schemas(), clock=SYSTEM_CLOCK)
    place = Place(registry)
    for name in ("shop", "other"):
        await place.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield place
    store.close()


READ_PODS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}


async def test_nobody_may_do_anything_by_himself(place):
    assert not place.allows(JANE, can("get", "pods", "shop"))
    assert not place.allows(JANE, Attributes("get", path="/metrics"))


async def test_masters_may_do_everything(place):
    assert place.allows(ADMIN, can("delete", "nodes"))
    assert place.allows(ADMIN, Attributes("get", path="/metrics"))


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        (("User", "jane"), JANE),
        (("Group", "developers"), JANE),
        (("ServiceAccount", "app", "shop"), APP),
        (("ServiceAccount", "app"), APP),
    ],
)
async def test_role_holds_for_its_subjects_in_its_namespace_only(place, subject, user):
    await place.role("reader", READ_PODS)
    await place.bind("reader", subject)
    assert place.allows(user, can("get", "pods", "shop"))
    assert place.allows(user, can("get", "pods/log", "shop"))
    for other in (
        can("get", "pods", "other"),
        can("list", "pods"),
        can("delete", "pods", "shop"),
        can("get", "pods/exec", "shop"),
        can("get", "secrets", "shop"),
        can("get", "pods", "shop", group="apps"),
    ):
        assert not place.allows(user, other)
    assert not place.allows(User("system:serviceaccount:other:app"), can("get", "pods", "shop"))


async def test_cluster_binding_holds_everywhere(place):
    await place.role("reader", READ_PODS, namespace="")
    await place.bind("reader", ("User", "jane"), namespace="", kind="ClusterRole")
    assert place.allows(JANE, can("list", "pods"))
    assert place.allows(JANE, can("list", "pods", "other"))


async def test_cluster_role_bound_in_a_namespace_holds_there(place):
    await place.role("reader", READ_PODS, namespace="")
    await place.bind("reader", ("User", "jane"), kind="ClusterRole")
    assert place.allows(JANE, can("list", "pods", "shop"))
    assert not place.allows(JANE, can("list", "pods"))


async def test_named_objects_only(place):
    await place.role("one", {**READ_PODS, "resourceNames": ["a"]})
    await place.bind("one", ("User", "jane"))
    assert place.allows(JANE, can("get", "pods", "shop", "a"))
    assert not place.allows(JANE, can("get", "pods", "shop", "b"))
    assert not place.allows(JANE, can("list", "pods", "shop"))


async def test_removed_binding_counts_at_once(place):
    await place.role("reader", READ_PODS)
    await place.bind("reader", ("User", "jane"))
    assert place.allows(JANE, can("get", "pods", "shop"))
    resource = place.registry.resources.find(GROUP, "v1", "rolebindings")
    await place.registry.delete(resource, "shop", "reader-binding", DeleteOptions(), WriteOptions())
    assert not place.allows(JANE, can("get", "pods", "shop"))


@pytest.fixture
async def defaults(place):
    for obj in (*bootstrap_roles(), *bootstrap_bindings()):
        await place.create(obj)
    return place


async def test_everybody_known_may_discover_and_ask(defaults):
    assert defaults.allows(JANE, Attributes("get", path="/apis/apps/v1"))
    assert defaults.allows(JANE, Attributes("get", path="/openapi/v3/api/v1"))
    ask = can("create", "selfsubjectaccessreviews", group="authorization.k8s.io")
    assert defaults.allows(JANE, ask)
    assert not defaults.allows(JANE, Attributes("get", path="/metrics"))


async def test_view_shows_everything_but_secrets(defaults):
    await defaults.bind("view", ("User", "jane"), kind="ClusterRole")
    assert defaults.allows(JANE, can("list", "deployments", "shop", group="apps"))
    assert not defaults.allows(JANE, can("get", "secrets", "shop"))
    assert not defaults.allows(JANE, can("create", "configmaps", "shop"))


async def test_edit_writes_but_grants_nothing(defaults):
    await defaults.bind("edit", ("User", "jane"), kind="ClusterRole")
    assert defaults.allows(JANE, can("update", "secrets", "shop"))
    assert defaults.allows(JANE, can("create", "pods/exec", "shop"))
    assert not defaults.allows(JANE, can("create", "rolebindings", "shop", group=GROUP))


async def test_review_tells_the_same_as_the_authorizer(place):
    await place.role("reader", READ_PODS)
    await place.bind("reader", ("User", "jane"))
    about = {"verb": "get", "resource": "pods", "namespace": "shop"}
    status = await place.ask("SelfSubjectAccessReview", JANE, resourceAttributes=about)
    assert status == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "reader-binding/shop" of Role "reader"',
    }
    other = await place.ask("SelfSubjectAccessReview", APP, resourceAttributes=about)
    assert other == {"allowed": False}


async def test_rules_review_lists_what_holds_in_the_namespace(place):
    await place.role("reader", READ_PODS)
    await place.bind("reader", ("User", "jane"))
    status = await place.ask("SelfSubjectRulesReview", JANE, namespace="shop")
    assert status["resourceRules"] == [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}
    ]
    status = await place.ask("SelfSubjectRulesReview", JANE, namespace="other")
    assert status["resourceRules"] == []


async def test_self_review_says_who_one_is(place):
    status = await place.ask("SelfSubjectReview", JANE, group="authentication.k8s.io")
    assert status["userInfo"] == {"username": "jane", "groups": ["developers", "system:authenticated"]}


@pytest.mark.parametrize(
    "spec",
    [{}, {"resourceAttributes": "x"}, {"resourceAttributes": {"verb": 1}}, {"nonResourceAttributes": []}],
)
async def test_review_that_asks_nothing_is_refused(place, spec):
    with pytest.raises(StatusError) as refused:
        await place.ask("SelfSubjectAccessReview", **spec)
    assert refused.value.code == 400


def rule(verbs="get", groups="", resources="pods", names=""):
    sets = (frozenset(text.split(",")) if text else frozenset() for text in (verbs, resources, names))
    verb_set, resource_set, name_set = sets
    return Rule(verb_set, frozenset(groups.split(",")), resource_set, name_set)


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        (rule("*", "*", "*"), rule("get,list", "apps", "deployments"), True),
        (rule("get,list"), rule("get"), True),
        (rule("get"), rule("get,list"), False),
        (rule("get"), rule("get", names="a"), True),
        (rule("get", names="a"), rule("get"), False),
        (rule("get", resources="pods"), rule("get", resources="pods/log"), False),
        (rule("get", resources="*/log"), rule("get", resources="pods/log"), True),
    ],
)
def test_rule_covers_what_it_allows(wide, narrow, covers):
    assert wide.covers(narrow) is covers
