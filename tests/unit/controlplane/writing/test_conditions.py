"""Facts about what is written into an object's status."""

from datetime import UTC, datetime

from convoy.api import codes
from convoy.api.problems import Problem
from convoy.config.kube.holding import ObjectState
from convoy.controlplane.writing.conditions import plan_status

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)
ERROR = Problem(code=codes.UNKNOWN_SUBSET, field="spec.a", message='"v9" is none.', remedy="Add it.")
WARNING = Problem(code=codes.PORT_NEEDED, field="spec.b", message="has several ports.")
NEW = ObjectState(uid="u", resource_version="5", generation=2)


def told(state, problems, *, now=NOW):
    """The state after the write, and its condition."""
    patch = plan_status(state, problems, now=now)
    assert patch is not None
    status = {name: value for name, value in patch["status"].items() if value is not None}
    after = ObjectState(state.uid, "6", state.generation, status, state.is_refused)
    return after, status["conditions"][-1]


def test_object_in_force_is_reconciled():
    _, condition = told(NEW, [])
    assert condition == {
        "type": "Reconciled",
        "status": "True",
        "reason": "Reconciled",
        "message": "In force.",
        "observedGeneration": 2,
        "lastTransitionTime": "2026-01-02T03:04:05Z",
    }


def test_errors_are_told_with_field_and_remedy():
    after, condition = told(NEW, [WARNING, ERROR])
    assert (condition["status"], condition["reason"]) == ("False", "NotAllInForce")
    assert condition["message"] == 'Not all of it is in force: spec.a: "v9" is none. Add it. [CVY0201]'
    assert after.status["validationMessages"] == [
        {
            "type": {"code": "CVY0201", "name": codes.UNKNOWN_SUBSET.meaning},
            "level": "ERROR",
            "field": "spec.a",
            "message": '"v9" is none. Add it.',
        },
        {
            "type": {"code": "CVY0204", "name": codes.PORT_NEEDED.meaning},
            "level": "WARNING",
            "field": "spec.b",
            "message": "has several ports.",
        },
    ]


def test_warnings_leave_an_object_in_force():
    _, condition = told(NEW, [WARNING])
    assert (condition["status"], condition["message"]) == ("True", "In force, with 1 warning.")


def test_refused_version_is_told():
    _, condition = told(ObjectState("u", "5", 2, is_refused=True), [ERROR])
    assert (condition["status"], condition["reason"]) == ("False", "Refused")


def test_what_is_told_already_is_not_written_again():
    for problems in ([], [ERROR], [WARNING, ERROR]):
        after, _ = told(NEW, problems)
        assert plan_status(after, problems, now=LATER) is None


def test_time_of_change_is_that_of_the_change():
    after, _ = told(NEW, [])
    after, condition = told(after, [WARNING], now=LATER)
    assert condition["lastTransitionTime"] == "2026-01-02T03:04:05Z"
    _, condition = told(after, [ERROR], now=LATER)
    assert condition["lastTransitionTime"] == "2026-01-02T03:05:00Z"


def test_problems_that_are_gone_are_removed():
    after, _ = told(NEW, [ERROR])
    patch = plan_status(after, [], now=LATER)
    assert patch is not None
    assert patch["status"]["validationMessages"] is None


def test_conditions_of_others_stay():
    other = {"type": "Programmed", "status": "True"}
    patch = plan_status(ObjectState("u", "5", 2, {"conditions": [other]}), [], now=NOW)
    assert patch is not None
    assert patch["status"]["conditions"][0] == other


def test_write_is_for_this_version_of_the_object_alone():
    patch = plan_status(NEW, [], now=NOW)
    assert patch is not None
    assert patch["metadata"] == {"resourceVersion": "5"}


def test_many_problems_make_no_endless_message():
    many = [Problem(code=codes.BAD_PORT, field=f"spec.p[{n}]", message="x" * 50) for n in range(100)]
    _, condition = told(NEW, many)
    assert len(condition["message"]) == 1024
