"""The drive itself: its order, its judgement, and what was recorded."""

import random
from pathlib import Path

import pytest
from tests.cluster.kubectl.drive import Failure, Report
from tests.cluster.kubectl.expecting import Expected, judge, read_expected
from tests.cluster.kubectl.ordering import dependencies, shuffled
from tests.cluster.kubectl.recorded import blanked, read_requests, renamed
from tests.cluster.kubectl.scenes import Kubectl, random_names
from tests.cluster.kubectl.steps import Outcome, Step, Story
from tests.cluster.kubectl.stories import STORIES

KUBECTL = Kubectl(Path("kubectl"), 32)
KNOWN = [Expected("1.32", "top", "no metrics"), Expected("1.20", "top", "no metrics")]
COMMANDS_OF_1_32 = 153
ASK_NOTHING = {"config"}


def report(*, passed: tuple[str, ...] = (), failed: tuple[str, ...] = ()) -> Report:
    said = Outcome(1, "", "no")
    return Report(KUBECTL, list(passed), [Failure(name, name, ["it ended with 1"], said) for name in failed])


@pytest.mark.parametrize("seed", range(20))
def test_no_command_comes_before_what_it_depends_on(seed: int) -> None:
    order = [step.name for step in shuffled(STORIES, random.Random(seed))]
    assert len(order) == len(set(order)) == COMMANDS_OF_1_32
    for name, before in dependencies(STORIES).items():
        assert all(order.index(each) < order.index(name) for each in before), name
    assert order.index("wait-delete") == order.index("delete-nowait") + 1


def test_orders_differ() -> None:
    orders = {tuple(step.name for step in shuffled(STORIES, random.Random(seed))) for seed in range(5)}
    assert len(orders) == 5


def test_circle_of_commands_is_found() -> None:
    circle = Story("circle", (Step("a", "", after=("b",)), Step("b", "")))
    with pytest.raises(AssertionError, match="circle"):
        shuffled([circle], random.Random(0))


def test_known_failure_is_no_fault() -> None:
    assert judge(report(failed=("top",)), KNOWN) == []


def test_unknown_failure_is_a_fault() -> None:
    (wrong,) = judge(report(failed=("run", "top")), KNOWN)
    assert wrong.startswith("kubectl 1.32 run: kubectl run\n    it ended with 1")


def test_known_failure_that_passes_is_a_fault() -> None:
    assert judge(report(passed=("top", "run")), KNOWN) == [
        "kubectl 1.32 top: it passed; take it out of expected.txt"
    ]


def test_at_most_three_commands_of_a_version_may_fail() -> None:
    lines = [f"1.33 {name} of a reason" for name in "abcd"]
    with pytest.raises(ValueError, match="4 commands are expected to fail with"):
        read_expected("\n".join(lines))
    assert len(read_expected("\n".join(["# a remark", "", *lines[:3], lines[3].replace("33", "20")]))) == 4


def test_known_failure_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="gives no reason"):
        read_expected("1.33 top")


def test_names_can_be_taken_out_and_put_in_again() -> None:
    one, two = (random_names(random.Random(seed)) for seed in (1, 2))
    said = " ".join(one.values()).encode()
    blank = blanked(said, one)
    assert b"web-00000 " in blank
    assert b" Widget00000 widget00000 widget00000s wd00000" in blank
    assert renamed(blank, two) == " ".join(two.values()).encode()


def test_every_command_was_recorded() -> None:
    commands = {step.name for story in STORIES for step in story.steps} - ASK_NOTHING
    assert commands - {request.step for request in read_requests()} == set()
