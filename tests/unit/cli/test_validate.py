"""Facts about `convoy validate`."""

import io
import json

import pytest

from convoy.api import codes
from convoy.api.kinds import key_of
from convoy.api.problems import Problem
from convoy.cli.command_line import run
from convoy.cli.validate import find_problems

GOOD = """\
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{port: 9080}]}
"""
BAD = """\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  htp: []
"""
IGNORED = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda text, name="a.yaml": (tmp_path / name).write_text(text) and name


def test_file_without_problems_is_exit_code_0(write, capsys):
    assert run(["validate", "-f", write(GOOD)]) == 0
    assert capsys.readouterr().out == "No problems found.\n"


def test_error_is_exit_code_1_and_shown_with_its_place(write, capsys):
    assert run(["validate", "-f", write(BAD)]) == 1
    first = 'a.yaml:5: VirtualService shop/reviews, spec.htp: unknown field. Did you mean "http"?  [CVY0102]'
    assert capsys.readouterr().out == f"{first}\n\n1 error, 0 warnings.\n"


def test_warnings_alone_are_exit_code_0(write, capsys):
    assert run(["validate", "-f", write(IGNORED)]) == 0
    assert "0 errors, 1 warning." in capsys.readouterr().out


def test_json_is_a_list_of_rows(write, capsys):
    assert run(["validate", "-f", write(BAD), "-o", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "file": "a.yaml",
            "line": 5,
            "kind": "VirtualService",
            "namespace": "shop",
            "name": "reviews",
            "level": "error",
            "code": "CVY0102",
            "field": "spec.htp",
            "message": 'unknown field. Did you mean "http"?',
        }
    ]


def test_json_without_problems_is_an_empty_list(write, capsys):
    assert run(["validate", "-f", write(GOOD), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_several_files_and_folders_are_checked_together(write, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.yaml").write_text(BAD)
    assert run(["validate", "-f", write(GOOD), "-f", "folder", "-o", "json"]) == 1
    assert [row["file"] for row in json.loads(capsys.readouterr().out)] == ["folder/b.yaml"]


def test_standard_input_is_a_file(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert run(["validate", "-f", "-"]) == 1
    assert capsys.readouterr().out.startswith("standard input:5: ")


def test_missing_file_is_one_sentence(capsys):
    assert run(["validate", "-f", "missing.yaml"]) == 1
    assert capsys.readouterr().err == "convoy: missing.yaml cannot be read: No such file or directory.\n"


def test_extra_checks_see_the_accepted_objects_and_get_lines(write):
    def complain(view):
        return [
            Problem(code=codes.NO_EFFECT, key=key_of(obj), field="spec.ports[0].port", message="")
            for obj in view
        ]

    (problem,) = find_problems([write(GOOD)], extra_checks=[complain])
    assert (problem.file, problem.line) == ("a.yaml", 4)


def test_several_folders_are_several_clusters(tmp_path, capsys):
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{name: http, port: 80}]}\n"
    for name in ("cluster1", "cluster2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(service.replace("80", "80" if name == "cluster1" else "81"))
    assert run(["validate", "-f", str(tmp_path / "cluster1"), "-f", str(tmp_path / "cluster2")]) == 0
    assert run(["validate", "-f", str(tmp_path)]) == 1
    assert "the object is also in" in capsys.readouterr().out


def test_files_may_follow_the_first_one(tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"apiVersion: v1\nkind: Foo\nmetadata: {{name: {name}}}\n")
    assert run(["validate", "-f", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "-o", "json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["a", "b"]
