"""`python -m convoy.agent run`: the entry point in a pod. The environment says all it needs."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from convoy.agent.errors import AgentError
from convoy.agent.reporting import report
from convoy.agent.running import run_agent
from convoy.agent.settings import parse_settings

_RESOLV_CONF = Path("/etc/resolv.conf")


def main(arguments: list[str]) -> int:
    """Run the agent; failures end in one line that says what happened."""
    if arguments != ["run"]:
        report("not started", level="error", reason="usage: python -m convoy.agent run")
        return 2
    try:
        settings = parse_settings(os.environ, resolv_conf=_read(_RESOLV_CONF))
        return asyncio.run(run_agent(settings))
    except (AgentError, OSError) as error:
        report("ended", level="error", reason=error)
    except ExceptionGroup as group:
        expected, unexpected = group.split((AgentError, OSError))
        if unexpected is not None:
            raise
        for leaf in _leaves(expected):
            report("ended", level="error", reason=leaf)
    return 1


def _leaves(group: BaseException | None) -> Iterator[BaseException]:
    if isinstance(group, BaseExceptionGroup):
        for each in group.exceptions:
            yield from _leaves(each)
    elif group is not None:
        yield group


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
