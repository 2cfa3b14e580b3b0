"""Probes of the pod's applications, answered to the kubelet at a port that is never captured.

The kubelet has no certificate, and asks from outside, where ports of mutual TLS refuse it. So injection led
the probes here, and the applications' preStop hooks, which are asked the same way.
"""

from collections.abc import Awaitable, Callable, Mapping

from convoy.agent.app_probes import AppProbe
from convoy.agent.asking import Application, AskError
from convoy.agent.http_server import Answer, Asked, serve_http
from convoy.agent.settings import PROBE_PORT, AgentSettings
from convoy.agent.withdrawing import PATH as DRAINED_PATH


async def serve_probes(
    settings: AgentSettings, application: Application, wait_let_go: Callable[[], Awaitable[None]]
) -> None:
    """Listen until cancelled; `wait_let_go` returns when the pod's callers have left."""

    async def answering(asked: Asked) -> Answer:
        if asked.path == DRAINED_PATH:
            await wait_let_go()
            return Answer(200, "Nobody calls any more.")
        return await answer_probe(asked, settings.probes, application)

    await serve_http(settings.instance_ip, PROBE_PORT, answering)


async def answer_probe(asked: Asked, probes: Mapping[str, AppProbe], application: Application) -> Answer:
    """The application's own status, or 503 with the reason when it gave none."""
    probe = probes.get(asked.path)
    if probe is None:
        return Answer(404, "No such probe.")
    try:
        status = await application.ask(probe, asked.headers)
    except AskError as error:
        return Answer(503, f"{error}.")
    return Answer(status, "The application answered.")
