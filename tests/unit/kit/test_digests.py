"""Facts about content hashes: on them versions, and the agreement of replicas, rest."""

import subprocess
import sys

import msgspec

from convoy.kit.digests import digest, digest_of


class Thing(msgspec.Struct, frozen=True):
    name: str
    labels: dict[str, str]
    members: frozenset[str] = frozenset()


def test_equal_content_has_one_digest_whatever_its_order():
    first = Thing("a", {"x": "1", "y": "2"}, frozenset({"p", "q", "r"}))
    second = Thing("a", {"y": "2", "x": "1"}, frozenset({"r", "q", "p"}))
    assert digest_of(first) == digest_of(second)


def test_different_content_has_different_digests():
    things = [Thing("a", {}), Thing("b", {}), Thing("a", {"a": ""}), Thing("a", {}, frozenset({""}))]
    assert len({digest_of(thing) for thing in things}) == len(things)


def test_what_stands_side_by_side_is_not_run_together():
    assert digest_of(("ab", "c")) != digest_of(("a", "bc"))


def test_a_digest_is_short_text():
    assert digest(b"") == "e3b0c44298fc1c14"


def test_other_processes_agree():
    program = "from convoy.kit.digests import digest_of; print(digest_of({'a', 'b', 'c', 'd', 'e'}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert found == {digest_of({"a", "b", "c", "d", "e"}) + "\n"}
