"""Aggregated ClusterRoles have the rules of those that their selectors select."""

from tests.kit.waiting import until
from tests.unit.cluster.controllers.harness import running_cluster

from convoy.cluster.controllers.aggregation import CLUSTER_ROLES, gathered_rules


def role(name, *resources, labels=None, selectors=None):
    rules = [{"apiGroups": [""], "resources": [each], "verbs": ["get"]} for each in resources]
    made = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels or {}},
        "rules": rules,
    }
    if selectors is not None:
        made["aggregationRule"] = {"clusterRoleSelectors": selectors}
    return made


def resources_of(role):
    return [rule["resources"][0] for rule in role.get("rules") or ()]


def test_rules_are_gathered_once_each_in_order_of_names():
    one = role("one", "pods", "services", labels={"in": "x"})
    two = role("two", "services", "nodes", labels={"in": "x", "also": "y"})
    whole = role("all", "secrets", labels={"in": "x"}, selectors=[{"matchLabels": {"also": "y"}}, {}])
    assert resources_of({"rules": gathered_rules(whole, [whole, one, two])}) == ["services", "nodes", "pods"]


async def test_rules_follow_roles_as_they_come_change_and_go():
    async with running_cluster(nodes=0) as cluster:

        def has(name, *resources):
            return lambda: resources_of(cluster.get(CLUSTER_ROLES, name)) == list(resources)

        to_view = [{"matchLabels": {"to-view": "true"}}]
        to_edit = [{"matchLabels": {"to-edit": "true"}}]
        await cluster.create(role("edit", selectors=to_edit))
        await cluster.create(role("view", "secrets", labels={"to-edit": "true"}, selectors=to_view))
        await until(has("view"), every=0.001)
        await cluster.create(role("pods", "pods", labels={"to-view": "true"}))
        await until(has("edit", "pods"), every=0.001)
        rules = role("pods", "nodes")["rules"]
        await cluster.change(CLUSTER_ROLES, "pods", lambda obj: obj.update(rules=rules))
        await until(has("edit", "nodes"), every=0.001)
        await cluster.delete(CLUSTER_ROLES, "pods")
        await until(has("edit"), every=0.001)
