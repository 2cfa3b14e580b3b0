"""What pods refer to, and how they are read."""

from tests.cluster.manifests import container, pod

from convoy.cluster.kubelet.references import Reference, read_pod, references


def test_everything_a_pod_refers_to_is_found() -> None:
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s1", "key": "k"}}},
    ]
    env_from = [{"configMapRef": {"name": "c2"}}, {"secretRef": {"name": "s2"}}]
    projected = {"sources": [{"configMap": {"name": "c4"}}, {"secret": {"name": "s4"}}]}
    volumes = [
        {"name": "c", "configMap": {"name": "c3"}},
        {"name": "s", "secret": {"secretName": "s3"}},
        {"name": "p", "projected": projected},
        {"name": "e", "emptyDir": {}},
    ]
    app, init = container(env=env), container("init", envFrom=env_from)
    made = read_pod(pod("web", app, initContainers=[init], volumes=volumes))
    config_maps = {Reference("configmaps", "default", f"c{number}") for number in range(1, 5)}
    secrets = {Reference("secrets", "default", f"s{number}") for number in range(1, 5)}
    assert references(made) == config_maps | secrets


def test_nulls_mean_what_is_not_there() -> None:
    obj = pod("web", container(args=None, resources={"limits": None}))
    obj["metadata"]["creationTimestamp"] = None
    obj["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    made = read_pod(obj)
    assert made.spec.containers[0].args == []
    assert made.metadata.managed_fields == []
