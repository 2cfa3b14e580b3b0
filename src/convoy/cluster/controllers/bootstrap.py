"""The objects that every cluster has from the start: namespaces, priority classes, a storage class."""

from convoy.cluster.controllers.clients import CONFLICT, Client
from convoy.cluster.controllers.objects import Json
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
STORAGE_CLASS = "standard"
PROVISIONER = "convoy.test/local-folder"


async def make_first_objects(registry: Registry) -> None:
    """Make those that are missing. Safe to repeat; what a person changed stays as it is."""
    client = Client(registry, "bootstrap")
    for storage, obj in first_objects():
        if client.get(storage, "", obj["metadata"]["name"]) is None:
            try:
                await client.create(storage, obj)
            except StatusError as error:
                if error.code != CONFLICT:
                    raise


def first_objects() -> list[tuple[str, Json]]:
    """Storage and object, in the order in which they are made."""
    namespaces = [("namespaces", {"metadata": {"name": name}}) for name in NAMESPACES]
    priorities: list[tuple[str, Json]] = [
        ("scheduling.k8s.io/priorityclasses", _priority("system-cluster-critical", 2_000_000_000)),
        ("scheduling.k8s.io/priorityclasses", _priority("system-node-critical", 2_000_001_000)),
    ]
    return [*namespaces, *priorities, ("storage.k8s.io/storageclasses", _storage_class())]


def _priority(name: str, value: int) -> Json:
    return {
        "metadata": {"name": name},
        "value": value,
        "globalDefault": False,
        "preemptionPolicy": "PreemptLowerPriority",
        "description": "For what the cluster cannot do without.",
    }


def _storage_class() -> Json:
    return {
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }
