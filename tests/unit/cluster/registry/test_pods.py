"""What a new pod is given by the cluster."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, Webhooks, pod

from convoy.cluster.machinery.statuses import StatusError

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def token_mounts(made: dict[str, Any]) -> list[list[str]]:
    """Per container, init containers first, the volumes at the token's place."""
    spec = made["spec"]
    return [
        [mount["name"] for mount in each.get("volumeMounts", []) if mount["mountPath"] == TOKEN_PATH]
        for each in [*spec.get("initContainers", []), *spec["containers"]]
    ]


async def test_pod_runs_as_the_default_account_with_its_token(cluster: Cluster) -> None:
    made = await cluster.create("pods", pod(spec={"initContainers": [{"name": "init", "image": "curl"}]}))
    spec = made["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken",
        "configMap",
        "downwardAPI",
    ]
    assert volume["projected"]["sources"][1]["configMap"]["name"] == "kube-root-ca.crt"
    assert token_mounts(made) == [[volume["name"]], [volume["name"]]]


async def test_container_with_a_mount_of_its_own_is_left_alone(cluster: Cluster) -> None:
    mounts = [{"name": "mine", "mountPath": TOKEN_PATH}]
    spec = {
        "containers": [{"name": "main", "image": "curl", "volumeMounts": mounts}],
        "volumes": [{"name": "mine", "emptyDir": {}}],
    }
    made = await cluster.create("pods", pod(spec=spec))
    assert [volume["name"] for volume in made["spec"]["volumes"]] == ["mine"]


@pytest.mark.parametrize(
    ("by_pod", "by_account", "mounted"),
    [
        (None, None, True),
        (False, None, False),
        (None, False, False),
        (True, False, True),
        (False, True, False),
    ],
)
async def test_token_can_be_declined(
    cluster: Cluster, by_pod: bool | None, by_account: bool | None, mounted: bool
) -> None:
    account = {"metadata": {"name": "a"}} | (
        {} if by_account is None else {"automountServiceAccountToken": by_account}
    )
    await cluster.create("serviceaccounts", account)
    spec = {"serviceAccountName": "a"} | ({} if by_pod is None else {"automountServiceAccountToken": by_pod})
    made = await cluster.create("pods", pod(spec=spec))
    assert bool(made["spec"].get("volumes")) is mounted


async def test_pull_secrets_come_from_the_account(cluster: Cluster) -> None:
    await cluster.create(
        "serviceaccounts", {"metadata": {"name": "a"}, "imagePullSecrets": [{"name": "key"}]}
    )
    made = await cluster.create("pods", pod(spec={"serviceAccount": "a"}))
    assert made["spec"]["serviceAccountName"] == "a"
    assert made["spec"]["imagePullSecrets"] == [{"name": "key"}]


async def test_missing_account_is_refused(cluster: Cluster) -> None:
    with pytest.raises(StatusError) as refused:
        await cluster.create("pods", pod(spec={"serviceAccountName": "nobody"}))
    assert (refused.value.code, refused.value.message) == (
        403,
        'pods "p" is forbidden: error looking up service account default/nobody: '
        'serviceaccount "nobody" not found',
    )


async def test_default_account_of_a_new_namespace_is_waited_for(cluster: Cluster) -> None:
    await cluster.create("namespaces", {"metadata": {"name": "shop"}}, namespace="")
    with pytest.raises(StatusError, match="error looking up service account shop/default"):
        await cluster.create("pods", pod(), namespace="shop")
    assert sum(cluster.clock.slept) == pytest.approx(0.9)


async def test_pod_bears_five_minutes_of_a_sick_node(cluster: Cluster) -> None:
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    made = await cluster.create("pods", pod(spec={"tolerations": [own]}))
    assert made["spec"]["tolerations"] == [
        own,
        {
            "key": "node.kubernetes.io/unreachable",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        },
    ]


async def test_pod_that_bears_everything_needs_nothing_more(cluster: Cluster) -> None:
    made = await cluster.create("pods", pod(spec={"tolerations": [{"operator": "Exists"}]}))
    assert made["spec"]["tolerations"] == [{"operator": "Exists"}]


async def test_priority_comes_from_the_class(cluster: Cluster) -> None:
    plain = await cluster.create("pods", pod("a"))
    assert plain["spec"]["priority"] == 0
    system = await cluster.create("pods", pod("b", spec={"priorityClassName": "system-node-critical"}))
    assert system["spec"]["priority"] == 2_000_001_000
    high = {"metadata": {"name": "high"}, "value": 7, "globalDefault": True, "preemptionPolicy": "Never"}
    await cluster.create("priorityclasses", high, namespace="")
    made = await cluster.create("pods", pod("c"))
    assert (made["spec"]["priorityClassName"], made["spec"]["priority"]) == ("high", 7)
    assert made["spec"]["preemptionPolicy"] == "Never"


async def test_missing_priority_class_is_refused(cluster: Cluster) -> None:
    with pytest.raises(StatusError) as refused:
        await cluster.create("pods", pod(spec={"priorityClassName": "top"}))
    assert refused.value.message == 'pods "p" is forbidden: no PriorityClass with name top was found'


async def test_priority_of_ones_own_is_refused(cluster: Cluster) -> None:
    with pytest.raises(
        StatusError, match=r"the integer value of priority \(5\) must not be provided in pod spec"
    ):
        await cluster.create("pods", pod(spec={"priority": 5}))


@pytest.mark.parametrize(
    ("resources", "rank"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}},
            "Burstable",
        ),
        ({"limits": {"cpu": "1"}}, "Burstable"),
    ],
)
async def test_new_pod_is_pending_and_ranked(cluster: Cluster, resources: dict[str, Any], rank: str) -> None:
    spec = {"containers": [{"name": "main", "image": "curl", "resources": resources}]}
    made = await cluster.create("pods", {**pod(spec=spec), "status": {"phase": "Running"}})
    assert made["status"] == {"phase": "Pending", "qosClass": rank}


async def test_container_from_a_webhook_is_given_the_token_too(cluster: Cluster) -> None:
    def inject(obj: dict[str, Any]) -> dict[str, Any]:
        proxy = {"name": "proxy", "image": "proxy"}
        return {**obj, "spec": {**obj["spec"], "containers": [*obj["spec"]["containers"], proxy]}}

    cluster.registry.admission = Webhooks(change=inject)
    made = await cluster.create("pods", pod())
    (volume,) = made["spec"]["volumes"]
    assert token_mounts(made) == [[volume["name"]], [volume["name"]]]
    assert made["spec"]["containers"][1]["terminationMessagePath"] == "/dev/termination-log"
