"""What the summary of the run says about the kubectls."""

from dataclasses import dataclass, field

import pytest
from tests.cluster.kubectl.drive import Report

NEWEST_NEEDED = 32  # from here on kubectl sends protobuf


@dataclass
class Told:
    """What is known at the end of a run."""

    seed: int
    driven: list[Report] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    replayed: int = 0


TOLD = pytest.StashKey[Told]()


def tell(told: Told, reporter: pytest.TerminalReporter) -> None:
    """Print it."""
    reporter.section(f"kubectl (CONVOY_SEED={told.seed})")
    for report in told.driven:
        failed = ", ".join(failure.step for failure in report.failed)
        reporter.write_line(
            f"{report.kubectl.version}: {len(report.passed)} commands passed"
            + (f", {len(report.failed)} did not: {failed}" if failed else "")
        )
    for version, count in told.more.items():
        reporter.write_line(f"{version}: {count} more commands passed")
    if not told.driven:
        reporter.write_line("no kubectl was driven")
    if max((report.kubectl.minor for report in told.driven), default=0) < NEWEST_NEEDED:
        reporter.write_line(
            f"none was 1.{NEWEST_NEEDED} or newer: {told.replayed} recorded requests of 1.{NEWEST_NEEDED} "
            "were sent instead"
        )
