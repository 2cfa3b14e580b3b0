"""Facts about the order and the print of problems."""

from tools.problem_codes import TARGET

from convoy.api import codes
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, has_errors, problem_row, render_problem, sort_problems

KEY = ObjectKey("VirtualService", "default", "reviews")


def problem(**changes):
    given = {
        "code": codes.UNKNOWN_FIELD,
        "message": "unknown field.",
        "key": KEY,
        "file": "a.yaml",
        "line": 7,
    }
    return Problem(**(given | changes))


def test_short_problem_is_one_line():
    shown = render_problem(problem(field="spec.htp", remedy='Did you mean "http"?'))
    expected = (
        'a.yaml:7: VirtualService default/reviews, spec.htp: unknown field. Did you mean "http"?  [CVY0102]'
    )
    assert shown == expected


def test_long_problem_has_its_place_first_and_sentences_below():
    shown = render_problem(
        problem(field="spec.http[0]", message="x" * 90 + " is wrong.", remedy="Change it.")
    )
    assert shown.splitlines() == [
        "a.yaml:7: VirtualService default/reviews, spec.http[0]:",
        f"    {'x' * 90} is wrong.",
        "    Change it.  [CVY0102]",
    ]


def test_problem_without_a_file_names_the_cluster():
    shown = render_problem(problem(file="", line=0, cluster="east"))
    assert shown == "cluster east, VirtualService default/reviews: unknown field.  [CVY0102]"


def test_warning_says_so():
    assert "warning: unused." in render_problem(problem(code=codes.NO_EFFECT, message="unused."))


def test_problems_are_sorted_by_place_and_repetitions_dropped():
    first, second, other = problem(line=2), problem(line=10), problem(file="b.yaml", line=1)
    assert sort_problems([other, second, first, second]) == (first, second, other)


def test_only_errors_count_as_errors():
    assert not has_errors([problem(code=codes.NO_EFFECT)])
    assert has_errors([problem(code=codes.NO_EFFECT), problem()])


def test_json_form_has_every_part():
    row = problem_row(problem(field="spec.hosts", remedy="Remove it."))
    assert row.__class__.__struct_fields__ == (
        "file", "line", "kind", "namespace", "name", "level", "code", "field", "message",
    )  # fmt: skip
    assert (row.file, row.line, row.kind, row.namespace, row.name) == (
        "a.yaml", 7, "VirtualService", "default", "reviews",
    )  # fmt: skip
    assert (row.level, row.code, row.field) == ("error", "CVY0102", "spec.hosts")
    assert row.message == "unknown field. Remove it."


def test_reference_table_of_codes_is_current():
    assert TARGET.read_text() == codes.render_table()
