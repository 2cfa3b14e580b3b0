"""A random order of commands in which none comes before what it depends on."""

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tests.cluster.kubectl.steps import Step, Story


def dependencies(stories: Sequence[Story]) -> dict[str, set[str]]:
    """Which commands come directly before each: all names are those of steps."""
    before: dict[str, set[str]] = {}
    for story in stories:
        last_write: str | None = None
        reads: set[str] = set()
        for step in story.steps:
            first = {last_write} if last_write else set()
            before[step.name] = first | set(step.after)
            if step.reads:
                reads.add(step.name)
            else:
                before[step.name] |= reads
                last_write, reads = step.name, set()
    return before


def shuffled(stories: Sequence[Story], rng: random.Random) -> list[Step]:
    """All steps of all stories, in one of the orders that are possible."""
    steps = {step.name: step for story in stories for step in story.steps}
    assert len(steps) == sum(len(story.steps) for story in stories), "two steps have one name"
    waiting = dependencies(stories)
    assert not _unknown(waiting, steps), f"unknown: {_unknown(waiting, steps)}"
    followers = {one.name: two for story in stories for one, two in pairwise(story.steps) if two.is_next}
    order: list[Step] = []
    while waiting:
        free = [name for name, before in waiting.items() if not before]
        assert free, f"a circle among {sorted(waiting)}"
        following = followers.get(order[-1].name) if order else None
        chosen = following.name if following else rng.choice(free)
        order.append(steps[chosen])
        del waiting[chosen]
        for before in waiting.values():
            before.discard(chosen)
    return order


def _unknown(waiting: dict[str, set[str]], steps: Iterable[str]) -> set[str]:
    return {name for before in waiting.values() for name in before} - set(steps)
