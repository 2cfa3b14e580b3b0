"""What a pod takes from a node."""

import pytest

from convoy.cluster.scheduler.demands import HostPort, demand_of, thousandths


def container(cpu=None, memory=None, **fields):
    requests = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": "c", "resources": {"requests": requests}, **fields}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", 1000),
        ("250m", 250),
        ("1.5", 1500),
        ("1Ki", 1024_000),
        ("2e3", 2_000_000),
        ("1u", 1),
        ("rubbish", 0),
    ],
)
def test_amounts_are_read(text, amount):
    assert thousandths(text) == amount


def test_containers_add_up_and_every_pod_takes_a_place():
    pod = {"spec": {"containers": [container("100m", "64Mi"), container("1")], "overhead": {"cpu": "50m"}}}
    assert demand_of(pod).requests == {"cpu": 1150, "memory": 64 * 1024 * 1024 * 1000, "pods": 1000}


def test_of_init_containers_only_the_largest_counts():
    pod = {"spec": {"initContainers": [container("2"), container("3")], "containers": [container("1")]}}
    assert demand_of(pod).requests["cpu"] == 3000


def test_sidecars_stay_beside_all_that_starts_after_them():
    sidecar = container("1", restartPolicy="Always")
    pod = {"spec": {"initContainers": [sidecar, container("3")], "containers": [container("2")]}}
    assert demand_of(pod).requests["cpu"] == 4000
    pod["spec"]["initContainers"] = [container("3"), sidecar]
    assert demand_of(pod).requests["cpu"] == 3000


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (HostPort("TCP", "0.0.0.0", 80), HostPort("TCP", "10.0.0.1", 80), True),
        (HostPort("TCP", "10.0.0.2", 80), HostPort("TCP", "10.0.0.1", 80), False),
        (HostPort("UDP", "0.0.0.0", 80), HostPort("TCP", "0.0.0.0", 80), False),
    ],
)
def test_host_ports_collide(one, other, collide):
    assert one.collides(other) == other.collides(one) == collide
