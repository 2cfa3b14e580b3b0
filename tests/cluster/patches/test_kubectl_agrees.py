"""Our patches and those of the real code, on random objects and patches.

CONVOY_FUZZ is how many cases each kubectl gets (a few hundred without it), CONVOY_SEED the seed, which is
printed when something differs.
"""

import functools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.cluster.patches.kubectl_local import find_kubectls, patch_locally, version_of
from tests.cluster.patches.random_patches import Patches, json_patch_for, merge_patch_for
from tests.unit.cluster.patches.random_objects import Objects, Variants

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches import apply_json_patch, apply_merge_patch, apply_strategic_merge
from convoy.cluster.patches.refusals import is_same
from convoy.cluster.schema import Schema, Schemas

KINDS = (
    ("apps/v1", "Deployment"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("v1", "Node"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("networking.k8s.io/v1", "Ingress"),
)
CASES = int(os.environ.get("CONVOY_FUZZ", "300"))
SEED = int(os.environ.get("CONVOY_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
AT_ONCE = 20  # objects for one patch, so for one run of kubectl

KUBECTLS = find_kubectls()
SCHEMAS = Schemas()


def test_there_is_a_kubectl_to_compare_with():
    assert KUBECTLS, "no kubectl on PATH"


def without_nulls(value: Any) -> Any:
    """The API server drops nulls when it decodes what was patched; older kubectls keep some more of them."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    return [without_nulls(child) for child in value] if isinstance(value, list) else value


@dataclass
class Comparison:
    """What two programs made of the same objects and patches."""

    applied: int = 0
    refused: int = 0
    differing: list[tuple[Any, ...]] = field(default_factory=list)

    def compare(
        self, obj: dict[str, Any], patch: Any, apply: Callable[[dict[str, Any], Any], Any], expected: Any
    ) -> None:
        """Apply a patch here; `expected` is what kubectl made of it, None when it refused."""
        try:
            got = apply(obj, patch)
        except StatusError as error:
            self.refused += 1
            if expected is not None:
                self.differing.append((obj, patch, f"{error.code} {error.message}", expected))
            return
        self.applied += 1
        if expected is None or not is_same(without_nulls(got), without_nulls(expected)):
            self.differing.append((obj, patch, got, expected))

    def check(self) -> None:
        """Fail with the shortest case that differs."""
        shortest = min(self.differing, key=lambda each: len(str(each[:2])), default=())
        parts = zip(("object", "patch", "ours", "kubectl"), shortest, strict=False)
        shown = [f"{name}: {orjson.dumps(part).decode()}" for name, part in parts]
        assert not self.differing, "\n".join([f"{len(self.differing)} differ; CONVOY_SEED={SEED}", *shown])
        assert self.applied > CASES // 20  # else little was compared


def schema_of(kind: tuple[str, str]) -> Schema:
    schema = SCHEMAS.find_kind(*kind)
    assert schema is not None
    return schema


def objects_and_patch(
    rng: random.Random, kind: tuple[str, str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Objects that resemble each other, and a patch made for one of them."""
    schema = schema_of(kind)
    objects = Objects(rng)
    base = objects.value(schema)
    made = [base, *(Variants(objects).of(base) for _ in range(AT_ONCE - 4))]
    made += [objects.value(schema) for _ in range(AT_ONCE - len(made))]
    for number, obj in enumerate(made):
        obj.update(apiVersion=kind[0], kind=kind[1])
        obj["metadata"] = {**obj.get("metadata", {}), "name": f"case-{number}"}
    return made, Patches(objects).of(schema, base)


each_kubectl = pytest.mark.parametrize("kubectl", KUBECTLS, ids=lambda path: path.name)

newest_kubectl = pytest.mark.parametrize("kubectl", KUBECTLS[-1:], ids=lambda path: path.name)


@each_kubectl
def test_strategic_merge_is_that_of_kubectl(kubectl: Path, tmp_path: Path):
    rng = random.Random(SEED)
    keeps_directives = version_of(kubectl, folder=tmp_path) < (1, 28)
    comparison = Comparison()
    for _ in range(9 * CASES // AT_ONCE + 9):  # more than enough, unless kubectl knows too few fields
        kind = rng.choice(KINDS)
        objects, patch = objects_and_patch(rng, kind)
        if keeps_directives and b'"$patch"' in orjson.dumps(patch):
            continue  # old ones take directives for values where there is nothing to merge with
        theirs, complaints = patch_locally(kubectl, objects, patch, kind="strategic", folder=tmp_path)
        if "unable to find api field" in complaints:
            continue  # a field that this kubectl is too old for
        apply = functools.partial(apply_strategic_merge, schema=schema_of(kind))
        for obj in objects:
            comparison.compare(obj, patch, apply, theirs.get(obj["metadata"]["name"]))
        if comparison.applied + comparison.refused >= CASES:
            break
    comparison.check()


@newest_kubectl
def test_merge_patch_is_that_of_kubectl(kubectl: Path, tmp_path: Path):
    rng = random.Random(SEED)
    comparison = Comparison()
    while comparison.applied + comparison.refused < CASES:
        objects, _ = objects_and_patch(rng, rng.choice(KINDS))
        patch = merge_patch_for(objects[0], rng)
        theirs, _ = patch_locally(kubectl, objects, patch, kind="merge", folder=tmp_path)
        for obj in objects:
            comparison.compare(obj, patch, apply_merge_patch, theirs.get(obj["metadata"]["name"]))
    comparison.check()


@newest_kubectl
def test_json_patch_is_that_of_kubectl(kubectl: Path, tmp_path: Path):
    rng = random.Random(SEED)
    comparison = Comparison()
    while comparison.applied + comparison.refused < CASES:
        objects, _ = objects_and_patch(rng, rng.choice(KINDS))
        patch = json_patch_for(objects[0], rng)
        theirs, _ = patch_locally(kubectl, objects, patch, kind="json", folder=tmp_path)
        for obj in objects:
            comparison.compare(obj, patch, apply_json_patch, theirs.get(obj["metadata"]["name"]))
    comparison.check()
