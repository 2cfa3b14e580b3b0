"""Services get their addresses from the network while they are written."""

from typing import Any

import pytest
from tests.unit.cluster.registry.cluster import Cluster, Webhooks

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.network.allocation import ServiceAllocator


@pytest.fixture
def networked(cluster: Cluster) -> Cluster:
    cluster.registry.allocate = ServiceAllocator(cluster.store, "198.18.16.0/24", cluster.clock)
    return cluster


def service(name: str = "s", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


async def test_new_service_has_an_address_of_its_own(networked: Cluster) -> None:
    one, two = [await networked.create("services", service(name)) for name in ("a", "b")]
    assert one["spec"]["clusterIP"].startswith("198.18.16.")
    assert one["spec"]["clusterIP"] != two["spec"]["clusterIP"]


async def test_address_survives_updates_that_leave_it_out(networked: Cluster) -> None:
    made = await networked.create("services", service(type="NodePort"))
    before = networked.store.revision
    assert await networked.update("services", service(type="NodePort")) == made
    assert networked.store.revision == before
    updated = await networked.update("services", service(type="NodePort", selector={"a": "b"}))
    for field in ("clusterIP", "clusterIPs"):
        assert updated["spec"][field] == made["spec"][field]
    assert updated["spec"]["ports"][0]["nodePort"] == made["spec"]["ports"][0]["nodePort"]


async def test_taken_address_is_refused(networked: Cluster) -> None:
    made = await networked.create("services", service("a"))
    with pytest.raises(StatusError) as refused:
        await networked.create("services", service("b", clusterIP=made["spec"]["clusterIP"]))
    assert refused.value.code == 422
    assert "spec.clusterIPs" in refused.value.message


async def test_refused_service_leaves_its_address_free(networked: Cluster) -> None:
    wanted = service(clusterIP="198.18.16.77")
    networked.registry.admission = Webhooks(refuse=StatusError(403, "Forbidden", "no"))
    with pytest.raises(StatusError, match="no"):
        await networked.create("services", wanted)
    networked.registry.admission = None
    assert (await networked.create("services", service("other", clusterIP="198.18.16.77")))["spec"]


async def test_validating_webhooks_see_the_address(networked: Cluster) -> None:
    hooks = networked.registry.admission = Webhooks()
    made = await networked.create("services", service())
    assert hooks.seen[-1].object
    assert hooks.seen[-1].object["spec"]["clusterIP"] == made["spec"]["clusterIP"]


async def test_address_belongs_to_no_manager(networked: Cluster) -> None:
    made = await networked.apply("services", service())
    (entry,) = made["metadata"]["managedFields"]
    assert "f:clusterIP" not in entry["fieldsV1"]["f:spec"]
