"""Run all tests, in parts, two parts side by side: the one waits for worlds while the other computes.

`python tools/run_tests.py [PYTEST_ARGUMENT...]`. While a part runs, its progress is printed line by line;
what it says of failures is printed in one piece when it ends, and a table of all parts comes last. The exit
code is 0 when every part passed. With a path among the arguments it is plain pytest, in this process's place.
"""

import asyncio
import os
import signal
import sys
import time
import tomllib
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIDE_BY_SIDE = 2
_NOTHING_SELECTED = 5
_LONGEST_LINE = 1 << 24
# The one that takes longest is begun with, and what finds most in little time beside it.
_TOGETHER = (
    ("tests/e2e",),
    ("tests/arch", "tests/unit", "tests/golden"),
    ("tests/cluster",),
    ("tests/e2e/clusters",),
    ("tests/traffic",),
    ("tests/features", "tests/envoy", "tests/browser"),
)


@dataclass(frozen=True)
class Part:
    """Folders whose tests one pytest runs, without those below them that are another part's."""

    folders: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What its lines are marked with."""
        return " ".join(folder.removeprefix("tests/") for folder in self.folders)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Its pytest; what that remembers of the last run is the part's own."""
        own = ["-o", f"cache_dir=.pytest_cache/{self.name.replace('/', '-').replace(' ', '-')}"]
        ignored = [f"--ignore={folder}" for folder in self.others]
        return [sys.executable, "-u", "-m", "pytest", *own, *ignored, *arguments, *self.folders]


@dataclass(frozen=True)
class Outcome:
    """How a part ended."""

    part: Part
    code: int
    last_line: str
    seconds: float


def split(folders: Iterable[str]) -> tuple[Part, ...]:
    """The parts that cover the test folders of the project; a folder that nobody has grouped is one."""
    grouped = {folder for group in _TOGETHER for folder in group}
    groups = (*_TOGETHER, *((folder,) for folder in folders if folder not in grouped))
    return tuple(Part(group, tuple(sorted(_below(group, grouped)))) for group in groups)


def _below(group: tuple[str, ...], folders: Iterable[str]) -> set[str]:
    return {other for other in folders for folder in group if other.startswith(f"{folder}/")}


class Run:
    """Parts that wait, and those that run."""

    def __init__(self, parts: Iterable[Part], arguments: Sequence[str]) -> None:
        self._waiting = list(parts)
        self._arguments = arguments
        self._running = set[asyncio.subprocess.Process]()

    async def finish(self) -> list[Outcome]:
        """Run all of them in their order, so many side by side."""
        outcomes = list[Outcome]()

        async def work() -> None:
            while self._waiting:
                outcomes.append(await self._run(self._waiting.pop(0)))
                if outcomes[-1].code and _stops_early(self._arguments):
                    self._waiting.clear()

        async with asyncio.TaskGroup() as workers:
            for _ in range(SIDE_BY_SIDE):
                workers.create_task(work())
        return outcomes

    def begin_no_more(self) -> None:
        """Ctrl-C reaches every pytest by itself: each ends its worlds, and is waited for."""
        self._waiting.clear()

    def interrupt(self) -> None:
        """The same for a signal that only this process got."""
        self.begin_no_more()
        for process in self._running:
            process.send_signal(signal.SIGINT)

    async def _run(self, part: Part) -> Outcome:
        start = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *part.command(self._arguments), cwd=ROOT, stdout=PIPE, stderr=STDOUT, limit=_LONGEST_LINE
        )
        self._running.add(process)
        assert process.stdout is not None
        last_line = await _tell(part, process.stdout)
        code = await process.wait()
        self._running.discard(process)
        return Outcome(part, code, last_line.strip("= "), time.monotonic() - start)


async def _tell(part: Part, output: asyncio.StreamReader) -> str:
    """Print progress as it comes, and the report when all of it is there; gives the last line."""
    print(f"[{part.name}] begins", flush=True)
    report, line = list[str](), ""
    while raw := await output.readline():
        line = raw.decode(errors="replace").rstrip()
        if report or (line.startswith("=====") and "test session starts" not in line):
            report.append(line)
        elif line:
            print(f"[{part.name}] {line}", flush=True)
    print("\n".join([f"[{part.name}] has ended", *report]), flush=True)
    return line


def _stops_early(arguments: Sequence[str]) -> bool:
    return (
        "-x" in arguments or "--exitfirst" in arguments or any(a.startswith("--maxfail") for a in arguments)
    )


def exit_code(codes: Sequence[int]) -> int:
    """0 when every part passed; one that had nothing to run does not count unless all had."""
    failed = [code for code in codes if code not in (0, _NOTHING_SELECTED)]
    return failed[0] if failed else min(codes, default=0)


def names_a_path(arguments: Sequence[str]) -> bool:
    """Whether some tests are asked for by where they are."""
    return any((ROOT / a.partition("::")[0]).exists() for a in arguments if a and not a.startswith("-"))


async def main(arguments: list[str]) -> int:
    """Run everything, and print how each part ended."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    start = time.monotonic()
    run = Run(split(options["testpaths"]), arguments)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, run.begin_no_more)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, run.interrupt)
    outcomes = await run.finish()
    print()
    for outcome in outcomes:
        verdict = "passed" if outcome.code in (0, _NOTHING_SELECTED) else f"FAILED ({outcome.code})"
        print(f"{verdict:10}  {outcome.seconds:5.0f} s  {outcome.part.name}: {outcome.last_line}")
    print(f"{'':10}  {time.monotonic() - start:5.0f} s  in all", flush=True)
    return exit_code([outcome.code for outcome in outcomes])


if __name__ == "__main__":
    given = sys.argv[1:]
    if names_a_path(given):
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *given])
    sys.exit(asyncio.run(main(given)))
