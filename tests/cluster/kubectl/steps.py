"""One command of the drive: what is typed, and what must come of it.

Words such as `$web` in arguments, manifests and expectations stand for names that are random in every run.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.kubectl.commands import Background
    from tests.cluster.kubectl.scenes import Scene

Text = str | Callable[["Scene"], str]
Check = Callable[["Scene", "Outcome"], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Step:
    """A command.

    `says` and `matches` are texts and patterns that its standard output must have, `complains` texts for its
    standard error, `never` texts that neither may have. `since` is the first minor version of kubectl that
    has the command. One that is `eventually` right is repeated for a while. `during` goes on while the
    command runs, which is then ended; its exit code says nothing. A command that `reads` may run anywhere
    between the one that writes before it in its story and the next; one that `is_next` comes directly after
    the one before it. `after` names commands of other stories that come first.
    """

    name: str
    arguments: str
    stdin: Text = ""
    code: int = 0
    says: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    complains: "tuple[Text, ...]" = ()
    never: tuple[str, ...] = ()
    check: Check | None = None
    during: "Callable[[Scene, Background], Awaitable[None]] | None" = None
    env: dict[str, str] = field(default_factory=dict)
    since: int = 0
    eventually: bool = False
    reads: bool = False
    is_next: bool = False
    after: tuple[str, ...] = ()


def fill(text: Text, scene: "Scene") -> str:
    """A text with the run's own names; KeyError for a word that is none."""
    plain = text(scene) if callable(text) else text
    return re.sub(r"\$([a-z]\w*)", lambda found: scene.names[found[1]], plain)


def complaints(step: Step, scene: "Scene", outcome: Outcome) -> list[str]:
    """What is wrong with an outcome, in sentences; nothing when all is well."""
    wrong = []
    if step.during is None and outcome.code != step.code:
        wrong.append(f"it ended with {outcome.code}, not {step.code}")
    for stream, texts in (("stdout", step.says), ("stderr", step.complains)):
        shown = squeezed(getattr(outcome, stream))
        wrong += [f"{stream} lacks {fill(each, scene)!r}" for each in texts if fill(each, scene) not in shown]
    for each in step.matches:
        if not re.search(fill(each, scene), squeezed(outcome.stdout), re.MULTILINE):
            wrong.append(f"stdout does not match {fill(each, scene)!r}")
    everything = squeezed(outcome.stdout + outcome.stderr)
    wrong += [f"it says {fill(each, scene)!r}" for each in step.never if fill(each, scene) in everything]
    return wrong


def squeezed(text: str) -> str:
    """A text whose columns are one blank apart, as their widths hang on the random names."""
    return re.sub(r"[ \t]+", " ", text)


@dataclass(frozen=True)
class Story:
    """Commands about the same objects, in an order in which they make sense."""

    name: str
    steps: Sequence[Step]
