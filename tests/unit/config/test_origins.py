"""Facts about where an object was written."""

from convoy.api import codes
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.origins import Origin, Origins

KEY = ObjectKey("Pod", "default", "a")
ORIGINS = Origins({KEY: Origin("a.yaml", {"": 1, "spec": 3, "spec.hosts[0]": 5, 'spec.labels["a.b/c"]': 7})})


def locate(field, **changes):
    located = ORIGINS.locate(Problem(code=codes.EMPTY, message="", **{"key": KEY, "field": field} | changes))
    return located.file, located.line


def test_problem_gets_the_line_of_its_field():
    assert locate("spec.hosts[0]") == ("a.yaml", 5)
    assert locate('spec.labels["a.b/c"]') == ("a.yaml", 7)


def test_field_that_was_not_written_has_the_line_of_what_is_around_it():
    assert locate("spec.hosts[1].name") == ("a.yaml", 3)
    assert locate('spec.labels["x.y"]') == ("a.yaml", 3)
    assert locate("metadata") == ("a.yaml", 1)
    assert locate("") == ("a.yaml", 1)


def test_problem_with_a_place_or_of_an_unknown_object_is_left_alone():
    assert locate("spec", file="b.yaml", line=2) == ("b.yaml", 2)
    assert locate("spec", key=None) == ("", 0)
    assert locate("spec", key=ObjectKey("Pod", "default", "b")) == ("", 0)
