"""What must hold for server-side apply of any objects."""

import copy
import random
from datetime import UTC, datetime

import pytest
from tests.unit.cluster.patches.kinds import schema_of, widgets
from tests.unit.cluster.patches.random_objects import Objects, Variants, distinct_items

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches import server_side_apply, update_managed_fields
from convoy.cluster.patches.fields import intersection, union
from convoy.cluster.patches.owning import fields_of

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
KINDS = {
    ("apps/v1", "Deployment"): schema_of("apps/v1", "Deployment"),
    ("v1", "Service"): schema_of("v1", "Service"),
    ("example.com/v1", "Widget"): widgets(),
}
ROUNDS = 60


def tidy(value, schema):
    """The value with all keys of lists' items, none twice, and without empty lists and objects.

    What is empty has an ownership of its own, which is not what these tests are about.
    """
    if isinstance(value, dict):
        below = {key: schema.fields.get(key) or schema.values or schema for key in value}
        tidied = {key: tidy(child, below[key]) for key, child in value.items()}
        return {key: child for key, child in tidied.items() if child not in ({}, [])}
    if not isinstance(value, list) or schema.items is None:
        return value
    items = [tidy(item, schema.items) for item in value]
    for number, item in enumerate(items):
        for key in schema.map_keys:
            item[key] = number if schema.items.fields[key].type == "integer" else f"n{number}"
    items = distinct_items(items, "") if schema.list_type == "set" else items
    return [item for item in items if item != {}]


OWNED_METADATA = ("labels", "annotations", "finalizers", "ownerReferences")


@pytest.fixture(params=KINDS, ids=lambda kind: kind[1])
def made(request):
    """Makes objects of a kind that have much in common, its schema, and an apply of them."""
    return Maker(request.param)


class Maker:
    def __init__(self, kind):
        self.kind, self.schema = kind, KINDS[kind]
        self.rng = random.Random(kind[1])
        self.objects = Objects(self.rng)
        self.base = None

    def object(self):
        """An object that resembles the last ones, or a new one."""
        if self.base is None or self.rng.random() < 0.2:
            self.base = self.objects.value(self.schema)
        made = tidy(copy.deepcopy(Variants(self.objects).of(self.base)), self.schema)
        return self.named(made)

    def named(self, obj):
        metadata = {key: value for key, value in obj.get("metadata", {}).items() if key in OWNED_METADATA}
        metadata["name"] = "x"
        return {**obj, "apiVersion": self.kind[0], "kind": self.kind[1], "metadata": metadata}

    def apply(self, current, applied, manager="one", *, force=False):
        return server_side_apply(
            current,
            applied,
            schema=self.schema,
            manager=manager,
            api_version=self.kind[0],
            force=force,
            now=NOW,
        )

    def update(self, current, wanted, manager):
        entries = update_managed_fields(
            current, wanted, schema=self.schema, manager=manager, api_version=self.kind[0], now=NOW
        )
        return {**wanted, "metadata": {**wanted["metadata"], "managedFields": entries}}

    def history(self):
        """An object after applies and updates of several managers."""
        obj = None
        for _ in range(self.rng.randint(1, 5)):
            manager = self.rng.choice(("one", "two", "three"))
            if self.rng.random() < 0.3:
                obj = self.update(obj, self.object(), manager)
            else:
                obj = self.apply(obj, self.object(), manager, force=True)
        return obj


def entry_of(obj, manager):
    found = (e for e in obj["metadata"].get("managedFields", ()) if e["operation"] == "Apply")
    return next((e["fieldsV1"] for e in found if e["manager"] == manager), {})


def test_applying_twice_is_applying_once(made):
    for _ in range(ROUNDS):
        obj, applied = made.history(), made.object()
        once = made.apply(obj, applied, force=True)
        assert made.apply(once, applied) == once


def test_what_was_applied_is_there_and_owned(made):
    for _ in range(ROUNDS):
        applied = made.object()
        obj = made.apply(made.history(), applied, force=True)
        said, there = fields_of(applied, made.schema), fields_of(obj, made.schema)
        assert intersection(said, there) == said
        assert intersection(entry_of(obj, "one"), said) == entry_of(obj, "one")


def fields_by_manager(obj, *, but):
    entries = obj["metadata"].get("managedFields", ())
    return {(e["manager"], e["operation"]): e["fieldsV1"] for e in entries if e["manager"] != but}


def test_conflicts_are_exactly_what_force_takes_over(made):
    seen = {True: 0, False: 0}
    for _ in range(ROUNDS):
        obj, applied = made.history(), made.object()
        if not obj["metadata"].get("managedFields"):
            continue  # then whoever is found at the first apply is one to conflict with
        forced = made.apply(obj, applied, "new", force=True)
        loses = fields_by_manager(forced, but="new") != fields_by_manager(obj, but="new")
        seen[loses] += 1
        if loses:
            with pytest.raises(StatusError, match="Apply failed with"):
                made.apply(obj, applied, "new")
        else:
            assert made.apply(obj, applied, "new") == forced
    assert all(seen.values())


def test_an_apply_that_is_given_up_leaves_no_trace_of_its_own(made):
    for _ in range(ROUNDS):
        applied = made.object()
        obj = made.apply(None, applied)
        assert made.apply(obj, made.named({})) == made.named({})


def test_two_managers_of_different_fields_never_conflict_and_order_does_not_matter(made):
    for _ in range(ROUNDS):
        first, second = made.object(), made.object()
        for key in set(first) & set(second) - {"apiVersion", "kind", "metadata"}:
            del (first if made.rng.random() < 0.5 else second)[key]
        second = {**second, "metadata": {"name": "x"}}
        one_first = made.apply(made.apply(None, first, "one"), second, "two")
        two_first = made.apply(made.apply(None, second, "two"), first, "one")
        assert one_first == two_first


def test_every_field_of_an_updated_object_has_an_owner(made):
    for _ in range(ROUNDS):
        obj = made.update(made.history(), made.object(), "last")
        if not obj["metadata"]["managedFields"]:
            continue
        owners = {}
        for entry in obj["metadata"]["managedFields"]:
            owners = union(owners, entry["fieldsV1"])
        bare = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
        said = fields_of(bare, made.schema)
        assert intersection(said, owners) == said


def test_who_updates_to_what_is_there_owns_nothing(made):
    for _ in range(ROUNDS):
        obj = made.history()
        again = made.update(obj, copy.deepcopy(obj), "late")
        assert again["metadata"]["managedFields"] == obj["metadata"].get("managedFields", [])
