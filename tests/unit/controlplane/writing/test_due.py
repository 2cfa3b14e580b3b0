"""Facts about which statuses have to be looked at."""

from types import SimpleNamespace

from convoy.api import codes
from convoy.api.kinds import BY_NAME, key_of
from convoy.api.meta import ObjectMeta
from convoy.api.problems import Problem
from convoy.config.view import build_view, change_view
from convoy.controlplane.writing.due import DueStatuses


def obj(name, kind="VirtualService", **labels):
    struct = BY_NAME[kind].struct
    metadata = ObjectMeta(name=name, namespace="default", labels=labels)
    return struct(api_version=struct.API_VERSIONS[0], kind=kind, metadata=metadata)


def state(view, *problems):
    """Of a Published only this is looked at."""
    return SimpleNamespace(view=view, problems=problems)


def problem(name, message="a"):
    return Problem(code=codes.EMPTY, key=key_of(obj(name)), message=message)


def changed(view, *objects):
    return change_view(view, {key_of(each): each for each in objects})


def noted(*states):
    due = DueStatuses()
    for each in states:
        due.take()
        due.note(each)
    return sorted(key.name for key in due.take())


A, B, POD = obj("a"), obj("b"), obj("p", "Pod")
VIEW = build_view(1, [A, B, POD])


def test_at_first_every_object_with_a_status_of_ours_is_due():
    assert noted(state(VIEW)) == ["a", "b"]
    assert noted(state(VIEW, problem("refused"))) == ["a", "b", "refused"]


def test_then_those_that_changed():
    first = state(VIEW)
    assert noted(first, first) == []
    assert noted(first, state(changed(VIEW, obj("a", x="y"), obj("p", "Pod", x="y")))) == ["a"]
    assert noted(first, state(change_view(VIEW, {key_of(B): None}))) == ["b"]


def test_and_those_with_other_problems():
    assert noted(state(VIEW), state(VIEW, problem("a"))) == ["a"]
    assert noted(state(VIEW, problem("a")), state(VIEW, problem("a", "other"), problem("b"))) == ["a", "b"]
    assert noted(state(VIEW, problem("a")), state(VIEW, problem("a"))) == []
    assert noted(state(VIEW, problem("a")), state(VIEW)) == ["a"]


def test_after_a_state_that_was_missed_everything_is_due():
    third = changed(changed(VIEW, obj("c")), obj("d"))
    assert noted(state(VIEW), state(third)) == ["a", "b", "c", "d"]


def test_what_is_due_gathers_until_it_is_taken():
    due, second = DueStatuses(), changed(VIEW, obj("c"))
    due.note(state(VIEW))
    due.take()
    due.note(state(second))
    due.note(state(changed(second, obj("d")), problem("a")))
    assert sorted(key.name for key in due.take()) == ["a", "c", "d"]
    assert due.problems_of(key_of(A)) == [problem("a")]
    assert due.find(key_of(A)) is A
    assert due.take() == []
