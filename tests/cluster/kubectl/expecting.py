"""What is known not to work, with the reason: `expected.txt` beside the folder of the drive."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.kubectl.drive import Report

EXPECTED = Path(__file__).parents[1] / "expected.txt"
MOST_PER_VERSION = 3


@dataclass(frozen=True)
class Expected:
    """A command that fails with one version of kubectl."""

    version: str
    step: str
    reason: str


def read_expected(text: str) -> list[Expected]:
    """Lines of version, command, reason. ValueError for one without reason, or too many for a version."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = []
    for line in lines:
        version, step, reason = [*line.split(maxsplit=2), "", ""][:3]
        if not reason:
            raise ValueError(f"{line!r} gives no reason")
        found.append(Expected(version, step, reason))
    for version, count in Counter(each.version for each in found).items():
        if count > MOST_PER_VERSION:
            raise ValueError(
                f"{count} commands are expected to fail with {version}, at most {MOST_PER_VERSION} may"
            )
    return found


def judge(report: "Report", expected: Iterable[Expected]) -> list[str]:
    """What is wrong with a drive: unexpected failures, and expected ones that did not come."""
    known = {each.step for each in expected if each.version == report.kubectl.version}
    said = f"kubectl {report.kubectl.version}"
    wrong = [f"{said} {failure}" for failure in report.failed if failure.step not in known]
    healed = known & set(report.passed)
    return wrong + [f"{said} {step}: it passed; take it out of {EXPECTED.name}" for step in sorted(healed)]
