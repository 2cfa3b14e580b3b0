"""The synthetic objects as files for `kubectl apply`, the same every time: one folder for each cluster."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from bench.synthetic.injected import injected
from bench.synthetic.manifests import (
    Manifest,
    Size,
    endpoint_slice,
    extra_pod,
    manifests,
    service_account,
    services_of,
    virtual_service,
)

# `kubectl apply` takes the files of a folder in the order of their names.
_ORDER = (
    "Namespace",
    "ServiceAccount",
    "Service",
    "Pod",
    "EndpointSlice",
    "DestinationRule",
    "VirtualService",
)


def write_cluster(folder: Path, size: Size, *, cluster: int = 0, has_slices: bool = False) -> int:
    """Write a cluster's objects, one file for each kind; gives how many they are."""
    by_kind: dict[str, list[Manifest]] = {}
    for each in _objects(size, cluster, has_slices=has_slices):
        by_kind.setdefault(each["kind"], []).append(injected(each))
    folder.mkdir(parents=True, exist_ok=True)
    for kind, objects in by_kind.items():
        _write(folder / f"{_ORDER.index(kind)}-{kind.lower()}.yaml", objects)
    return sum(map(len, by_kind.values()))


def write_changes(folder: Path, size: Size, count: int, *, cluster: int = 0) -> None:
    """Write `count` changed VirtualServices and as many new pods, one file for each change."""
    numbers = services_of(size, cluster)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count if numbers else 0):
        number, turn = numbers[index % len(numbers)], index // len(numbers) + 1
        _write(folder / f"route-{index:04}.yaml", [virtual_service(size, number, weight=90 - turn)])
        _write(folder / f"pod-{index:04}.yaml", [injected(extra_pod(size, number, turn))])


def _objects(size: Size, cluster: int, *, has_slices: bool) -> Iterator[Manifest]:
    yield from manifests(size, cluster=cluster)
    for number in services_of(size, cluster):
        yield service_account(size, number)
        if has_slices:
            yield endpoint_slice(size, number)


def _write(path: Path, objects: Iterable[Manifest]) -> None:
    with path.open("w") as file:
        yaml.dump_all(objects, file, Dumper=yaml.CSafeDumper, sort_keys=False, explicit_start=True)
