"""Which webhooks are asked about which requests, and in which form."""

import pytest
from tests.unit.cluster.admission.hook_server import configure, hook, patch, rule
from tests.unit.cluster.registry.cluster import config_map, crd, deployment, options, pod, widget

from convoy.cluster.admission.hooks import MUTATING, HookList, HookRule
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import User
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.machinery.statuses import StatusError

RESOURCES = ResourceTable(BUILTIN)


def found(path):
    group, version, plural = path.split("/")
    resource = RESOURCES.find(group, version, plural)
    assert resource is not None
    return resource


@pytest.mark.parametrize(
    ("wanted", "operation", "path", "subresource", "matches"),
    [
        (rule("pods"), "CREATE", "/v1/pods", "", True),
        (rule("pods"), "CREATE", "/v1/pods", "status", False),
        (rule("pods/status"), "UPDATE", "/v1/pods", "status", True),
        (rule("pods/*"), "UPDATE", "/v1/pods", "status", True),
        (rule("pods/*"), "CREATE", "/v1/pods", "", True),
        (rule("*"), "CREATE", "/v1/pods", "", True),
        (rule("*"), "UPDATE", "/v1/pods", "status", False),
        (rule("*/*", "*"), "UPDATE", "apps/v1/deployments", "scale", True),
        (rule("*/scale", "*"), "UPDATE", "apps/v1/deployments", "scale", True),
        (rule("*/scale", "*"), "UPDATE", "apps/v1/deployments", "", False),
        (rule("deployments"), "CREATE", "apps/v1/deployments", "", False),
        (rule("deployments", "apps", "v1beta1"), "CREATE", "apps/v1/deployments", "", False),
        (rule("pods", operations=["DELETE"]), "CREATE", "/v1/pods", "", False),
        (rule("*", "*", scope="Namespaced"), "CREATE", "/v1/pods", "", True),
        (rule("*", "*", scope="Cluster"), "CREATE", "/v1/pods", "", False),
        (rule("*", "*", scope="Cluster"), "CREATE", "/v1/namespaces", "", True),
        (rule("*", "*", scope="Namespaced"), "CREATE", "/v1/namespaces", "", False),
    ],
)
def test_rule_means_what_it_says(wanted, operation, path, subresource, matches):
    assert HookRule.parse(wanted).matches(operation, found(path), subresource) is matches


async def test_list_of_webhooks_is_made_once_until_one_changes(cluster):
    await configure(cluster, "mutating", hook(), name="one")
    hooks = HookList(cluster.store, MUTATING)
    first = hooks()
    await cluster.create("configmaps", config_map())
    assert hooks() is first
    await configure(cluster, "mutating", hook(), name="two")
    assert [each.configuration for each in hooks()] == ["one", "two"]


async def test_webhook_for_another_version_gets_that_version(cluster, server):
    await configure(cluster, "mutating", hook(rules=[rule("deployments", "apps", "v1")]))
    server.answers["/hook"] = lambda _: patch({"op": "replace", "path": "/spec/replicas", "value": 3})
    old = deployment(api_version="extensions/v1beta1")
    made = await cluster.create("extensions/v1beta1/deployments", old)
    (request,) = server.reviews
    assert request["object"]["apiVersion"] == "apps/v1"
    assert request["resource"] == {"group": "apps", "version": "v1", "resource": "deployments"}
    assert request["requestKind"] == {"group": "extensions", "version": "v1beta1", "kind": "Deployment"}
    assert made["spec"]["replicas"] == 3


async def test_version_that_was_asked_for_comes_first(cluster, server):
    rules = [rule("horizontalpodautoscalers", "autoscaling", "v2,v1")]
    await configure(cluster, "mutating", hook(rules=rules))
    server.answers["/hook"] = lambda _: patch({"op": "replace", "path": "/spec/maxReplicas", "value": 9})
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    scaler = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 2, "targetCPUUtilizationPercentage": 50},
    }
    made = await cluster.create("autoscaling/v1/horizontalpodautoscalers", scaler)
    (request,) = server.reviews
    assert request["object"]["spec"]["targetCPUUtilizationPercentage"] == 50
    assert made["apiVersion"] == "autoscaling/v2"
    assert made["spec"]["maxReplicas"] == 9
    assert made["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50


async def test_exact_webhook_is_asked_in_its_version_only(cluster, server):
    exact = hook(matchPolicy="Exact", rules=[rule("deployments", "apps", "v1")])
    await configure(cluster, "validating", exact)
    await cluster.create("extensions/v1beta1/deployments", deployment(api_version="extensions/v1beta1"))
    assert server.reviews == []
    await cluster.create("deployments", deployment("e"))
    assert len(server.reviews) == 1


async def test_custom_resources_are_told(cluster, server):
    await cluster.create("customresourcedefinitions", crd(), namespace="")
    await configure(cluster, "mutating", hook(rules=[rule("widgets", "example.com")]))
    server.answers["/hook"] = lambda _: patch({"op": "replace", "path": "/spec/size", "value": 7})
    made = await cluster.create("widgets", widget())
    assert made["spec"]["size"] == 7


async def test_scaling_shows_a_scale_and_may_be_changed(cluster, server):
    await cluster.create("deployments", deployment())
    await configure(cluster, "mutating", hook(rules=[rule("deployments/scale", "apps")]))
    server.answers["/hook"] = lambda _: patch({"op": "replace", "path": "/spec/replicas", "value": 4})
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "d"},
        "spec": {"replicas": 2},
    }
    resource = cluster.resource("deployments")
    await cluster.registry.update_scale(resource, "default", "d", scale, options())
    (request,) = server.reviews
    assert request["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (request["subResource"], request["requestSubResource"]) == ("scale", "scale")
    assert request["object"]["spec"] == {"replicas": 2}
    assert request["oldObject"]["spec"] == {"replicas": 1}
    assert cluster.find("deployments", "d")["spec"]["replicas"] == 4


async def test_assigning_a_pod_is_the_creation_of_a_binding(cluster, server):
    await cluster.create("pods", pod())
    rules = [rule("pods/binding", operations=["CREATE"])]
    await configure(cluster, "validating", hook(rules=rules))
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "node1"}}
    binding |= {"apiVersion": "v1", "kind": "Binding"}
    await cluster.registry.bind("default", "p", binding, options())
    (request,) = server.reviews
    assert (request["operation"], request["kind"]["kind"]) == ("CREATE", "Binding")
    assert request["object"]["target"] == {"kind": "Node", "name": "node1"}
    assert request["oldObject"] is None


async def test_namespaces_are_selected_by_their_labels(cluster, server):
    labels = {"matchLabels": {"inject": "yes"}}
    await configure(cluster, "validating", hook(namespaceSelector=labels))
    await cluster.create("configmaps", config_map())
    assert server.reviews == []
    labelled = {"metadata": {"name": "default", "labels": {"inject": "yes"}}}
    await cluster.patch("namespaces", "default", labelled)
    await cluster.create("configmaps", config_map("d"))
    assert [review["name"] for review in server.reviews] == ["d"]


async def test_namespace_itself_is_selected_by_the_labels_it_gets(cluster, server):
    labels = {"matchLabels": {"inject": "yes"}}
    await configure(cluster, "validating", hook(namespaceSelector=labels, rules=[rule("namespaces,nodes")]))
    await cluster.create("namespaces", {"metadata": {"name": "one"}}, namespace="")
    await cluster.create(
        "namespaces", {"metadata": {"name": "two", "labels": {"inject": "yes"}}}, namespace=""
    )
    await cluster.create("nodes", {"metadata": {"name": "n"}}, namespace="")
    assert [(each["name"], each.get("namespace")) for each in server.reviews] == [
        ("two", "two"),
        ("n", None),  # what has no namespace is never left out
    ]


async def test_objects_are_selected_by_old_or_new_labels(cluster, server):
    await cluster.create("configmaps", config_map(labels={"watch": "me"}))
    await configure(cluster, "validating", hook(objectSelector={"matchLabels": {"watch": "me"}}))
    await cluster.create("configmaps", config_map("other"))
    assert server.reviews == []
    await cluster.update("configmaps", config_map(labels={}))
    await cluster.update("configmaps", config_map(data={"a": "2"}))
    assert len(server.reviews) == 1


JANE = User("jane")


@pytest.mark.parametrize(
    ("expression", "is_asked"),
    [
        ("object.data.a == '1'", True),
        ("object.data.a == '2'", False),
        ("oldObject == null && request.operation == 'CREATE'", True),
        ("request.namespace == 'default' && request.userInfo.username == 'jane'", True),
        ("!('system:nodes' in request.userInfo.groups)", True),
        ("has(object.metadata.labels)", False),
        ("authorizer.group('').resource('configmaps').name('jane').check('get').allowed()", True),
        ("authorizer.group('').resource('configmaps').name('joe').check('get').allowed()", False),
        ("authorizer.requestResource.check('delete').allowed()", False),
        ("authorizer.serviceAccount('a', 'b').path('/x').check('get').reason() == ''", True),
    ],
)
async def test_condition_decides(cluster, server, expression, is_asked):
    conditions = [{"name": "one", "expression": "true"}, {"name": "two", "expression": expression}]
    await configure(cluster, "validating", hook(matchConditions=conditions))
    await cluster.create("configmaps", config_map(), user=JANE)
    assert bool(server.reviews) is is_asked


async def test_condition_that_comes_to_nothing_refuses_or_lets_pass(cluster, server):
    conditions = [{"name": "one", "expression": "object.nothing == 1"}]
    await configure(cluster, "validating", hook(matchConditions=conditions, failurePolicy="Ignore"))
    await cluster.create("configmaps", config_map())
    await configure(cluster, "validating", hook(matchConditions=conditions), name="strict")
    with pytest.raises(StatusError) as refused:
        await cluster.create("configmaps", config_map("d"))
    assert refused.value.message == (
        "configmaps \"d\" is forbidden: expression 'object.nothing == 1' resulted in error: "
        "no such key: nothing"
    )
    assert server.reviews == []


async def test_false_condition_outweighs_one_that_comes_to_nothing(cluster, server):
    conditions = [
        {"name": "one", "expression": "object.nothing == 1"},
        {"name": "two", "expression": "false"},
    ]
    await configure(cluster, "validating", hook(matchConditions=conditions))
    await cluster.create("configmaps", config_map())
    assert server.reviews == []


def client(**more):
    return {"clientConfig": {"url": "https://hook.example.com/x", **more}}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (client(url="http://a.example.com"), "'https' is the only allowed URL scheme"),
        (client(url="https:///x"), "host must be specified"),
        (client(url="https://a.b/?x=1"), "query parameters are not permitted"),
        (client(url="https://a.b/#x"), "fragments are not permitted"),
        (client(url="https://me:pw@a.b/"), "user information is not permitted"),
        (client(caBundle="bm90IGEga2V5"), "unable to parse bytes as PEM block"),
        (
            {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}},
            "valid label selector",
        ),
        ({"matchConditions": [{"name": "a", "expression": "nope"}]}, "undeclared reference to 'nope'"),
        ({"matchConditions": [{"name": "a", "expression": "'text'"}]}, "must evaluate to bool"),
        ({"matchConditions": [{"name": "a", "expression": " "}]}, "expression: Required value"),
        ({"matchConditions": [{"name": "a", "expression": "true"}] * 2}, 'Duplicate value: "a"'),
        ({"matchConditions": [{"name": f"{n}", "expression": "true"} for n in range(65)]}, "Too many: 65"),
    ],
)
async def test_webhook_that_could_never_be_asked_is_refused(cluster, bad, words):
    with pytest.raises(StatusError) as refused:
        await configure(cluster, "mutating", hook(**bad))
    assert refused.value.code == 422
    assert words in refused.value.message
