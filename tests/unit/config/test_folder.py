"""Facts about files as one set of objects."""

import random

from tests.unit.config.manifests import service

from convoy.api import codes
from convoy.config.contents import ContentsChange
from convoy.config.folder import Folder


def files(**texts):
    folder = Folder()
    write(folder, **texts)
    return folder


def write(folder, **texts):
    for name, text in texts.items():
        folder.read(f"{name}.yaml", text.encode())


def ports(folder):
    found = folder.contents().objects.items()
    return {key.name: located.obj.spec.ports[0].port for key, located in found}


def found_codes(folder):
    return [problem.code for problem in folder.contents().problems]


def test_files_become_one_set_of_objects():
    assert ports(files(a=service("a"), b=service("b") + service("c"))) == {
        "a": 80,
        "b": 80,
        "c": 80,
    }


def test_bad_object_costs_only_itself():
    folder = files(a=service("a") + service("b", 0))
    assert ports(folder) == {"a": 80}
    assert found_codes(folder) == [codes.BAD_PORT]


def test_previous_version_of_a_bad_object_stays():
    folder = files(a=service("a", 81) + service("b"))
    before = folder.contents().objects
    write(folder, a=service("a", 0) + service("b", 82))
    assert ports(folder) == {"a": 81, "b": 82}
    assert all(folder.contents().objects[key].obj is before[key].obj for key in before if key.name == "a")


def test_bad_object_that_moved_to_another_file_keeps_its_previous_version():
    folder = files(a=service("a", 81))
    folder.contents()
    write(folder, a=service("b"), c=service("a", 0))
    assert ports(folder) == {"a": 81, "b": 80}


def test_file_that_does_not_parse_keeps_all_its_objects():
    folder = files(a=service("a") + service("b"))
    folder.contents()
    write(folder, a=service("a") + "spec: [")
    assert ports(folder) == {"a": 80, "b": 80}
    assert found_codes(folder) == [codes.YAML_SYNTAX]
    write(folder, a=service("a"))
    assert ports(folder) == {"a": 80}
    assert found_codes(folder) == []


def test_unreadable_file_keeps_all_its_objects():
    folder = files(a=service("a"))
    folder.fail("a.yaml", "Permission denied")
    assert ports(folder) == {"a": 80}
    assert found_codes(folder) == [codes.UNREADABLE]
    write(folder, a=service("a"))
    assert found_codes(folder) == []


def test_object_removed_from_its_file_or_with_it_is_gone():
    folder = files(a=service("a") + service("b"), c=service("c"))
    folder.contents()
    write(folder, a=service("a"))
    folder.forget("c.yaml")
    assert ports(folder) == {"a": 80}


def test_contradicting_object_in_two_files_names_both_and_the_first_counts():
    folder = files(b=service("a", 2), a=service("a", 1))
    assert ports(folder) == {"a": 1}
    (problem,) = folder.contents().problems
    assert (problem.code, problem.file, problem.line) == (codes.DUPLICATE_OBJECT, "b.yaml", 1)
    assert "a.yaml:1" in problem.message


def test_repeated_object_is_a_warning():
    assert found_codes(files(a=service("a"), b=service("a"))) == [codes.REPEATED_OBJECT]
    assert found_codes(files(a=service("a") + service("a"))) == [codes.REPEATED_OBJECT]


def test_comment_changes_lines_but_no_object():
    folder = files(a=service("a"))
    (before,) = folder.contents().objects.values()
    write(folder, a="# first\n" + service("a"))
    (after,) = folder.contents().objects.values()
    assert after.obj is before.obj
    assert (before.origin.line(), after.origin.line()) == (1, 2)


def test_same_content_again_is_no_change():
    folder = files(a=service("a"))
    revision = folder.revision
    write(folder, a=service("a"))
    folder.forget("unknown.yaml")
    assert folder.revision == revision


def test_order_of_files_does_not_matter():
    texts = {
        "a": service("x", 1),
        "b": service("x", 2),
        "c": service("y") + service("z", 0),
        "d": "- [",
    }
    expected = files(**texts).contents()
    for seed in range(5):
        names = random.Random(seed).sample(sorted(texts), len(texts))
        assert files(**{name: texts[name] for name in names}).contents() == expected


def test_ignored_kinds_are_neither_objects_nor_refused():
    folder = files(a="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n")
    assert ports(folder) == {}
    assert found_codes(folder) == [codes.IGNORED_KIND]


def test_problems_name_the_cluster():
    folder = Folder(cluster="east")
    write(folder, a="- [")
    (problem,) = folder.contents().problems
    assert (problem.cluster, problem.file) == ("east", "a.yaml")


def test_change_tells_what_became_of_the_contents_since_the_last_one():
    folder = files(a=service("a"), b=service("b"))
    assert (len(folder.take_change().objects), folder.take_change()) == (2, ContentsChange())
    write(folder, c=service("a"))
    assert [problem.code for problem in folder.take_change().problems] == [codes.REPEATED_OBJECT]
    folder.forget("a.yaml")
    change = folder.take_change()
    assert [(key.name, found.origin.file) for key, found in change.objects.items()] == [("a", "c.yaml")]
    assert change.problems == ()
    write(folder, b=service("b") + service("c"))
    assert folder.take_change().problems is None
