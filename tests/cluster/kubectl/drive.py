"""Runs every command of the stories with one kubectl, and says which failed."""

import asyncio
import random
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from tests.cluster.kubectl.commands import in_background, run_kubectl
from tests.cluster.kubectl.ordering import shuffled
from tests.cluster.kubectl.scenes import Kubectl, Scene, random_names
from tests.cluster.kubectl.steps import Outcome, Step, Story, complaints, fill
from tests.cluster.kubectl.stories import STORIES
from tests.cluster.kubectl.stories.pods import COPIED

PATIENCE = 15.0


@dataclass(frozen=True)
class Failure:
    """A command that did not do what it should."""

    step: str
    command: str
    wrong: Sequence[str]
    outcome: Outcome

    def __str__(self) -> str:
        said = "".join(
            f"\n    {name}: {text.rstrip()[-1500:]}"
            for name, text in (("stdout", self.outcome.stdout), ("stderr", self.outcome.stderr))
            if text
        )
        return f"{self.step}: kubectl {self.command}\n    " + "; ".join(self.wrong) + said


@dataclass
class Report:
    """What came of a drive."""

    kubectl: Kubectl
    passed: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


async def drive(
    kubectl: Kubectl, *, kubeconfig: Path, folder: Path, seed: int, stories: Sequence[Story] = STORIES
) -> Report:
    """Run all commands that this kubectl has, in an order and with names that hang on the seed."""
    rng = random.Random(f"{seed} {folder.name}")
    return await run_steps(make_scene(kubectl, kubeconfig, folder, rng), rng, stories=stories)


async def run_steps(
    scene: Scene,
    rng: random.Random,
    *,
    stories: Sequence[Story] = STORIES,
    begin: Callable[[str], None] = lambda step: None,
) -> Report:
    """Run them in a scene; `begin` hears of each before it is run."""
    report = Report(scene.kubectl)
    made = await run_kubectl(scene, ("create", "namespace", scene.names["ns"]))
    assert made.code == 0, made
    for step in shuffled(stories, rng):
        if step.since > scene.kubectl.minor:
            continue
        begin(step.name)
        failure = await attempt(step, scene)
        if failure is None:
            report.passed.append(step.name)
        else:
            report.failed.append(failure)
    begin("end")
    await run_kubectl(scene, ("delete", "namespace", "--wait=false", scene.names["ns"], scene.names["spare"]))
    return report


def make_scene(kubectl: Kubectl, kubeconfig: Path, folder: Path, rng: random.Random) -> Scene:
    """A fresh home, in which the namespace of the run is the one that is used when none is given."""
    folder.mkdir()
    names = random_names(rng)
    config = yaml.safe_load(kubeconfig.read_text())
    for context in config["contexts"]:
        context["context"]["namespace"] = names["ns"]
    own = folder / "config"
    own.touch(0o600)
    own.write_text(yaml.safe_dump(config))
    (folder / "copied").write_text(COPIED)
    return Scene(kubectl, folder, own, names)


async def attempt(step: Step, scene: Scene) -> Failure | None:
    """Run a command, for a while if need be, until it does what it should; None when it did."""
    end = time.monotonic() + PATIENCE
    is_first = True
    while True:
        wrong, outcome = await _once(step, scene)
        if not wrong:
            return None
        if not step.eventually or (not is_first and time.monotonic() > end):
            return Failure(step.name, fill(step.arguments, scene), wrong, outcome)
        is_first = False
        await asyncio.sleep(0.2)


async def _once(step: Step, scene: Scene) -> tuple[list[str], Outcome]:
    arguments = [fill(word, scene) for word in shlex.split(step.arguments)]
    if step.during is not None:
        return await _during(step, scene, arguments)
    outcome = await run_kubectl(scene, arguments, stdin=fill(step.stdin, scene), env=step.env)
    wrong = complaints(step, scene, outcome)
    if step.check is not None and not wrong:
        try:
            await step.check(scene, outcome)
        except AssertionError as error:
            wrong.append(str(error))
    return wrong, outcome


async def _during(step: Step, scene: Scene, arguments: Sequence[str]) -> tuple[list[str], Outcome]:
    assert step.during is not None
    wrong: list[str] = []
    async with in_background(scene, arguments, env=step.env) as running:
        try:
            await step.during(scene, running)
        except (AssertionError, OSError) as error:
            wrong.append(f"{type(error).__name__}: {error}")
    outcome = await running.end()
    return [*wrong, *complaints(step, scene, outcome)], outcome
