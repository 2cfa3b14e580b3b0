"""Probes of the pod's applications, answered to the kubelet at a port that is never captured.

The kubelet has no certificate, and asks from outside, where ports of mutual TLS refuse it. So injection led
the probes here.
"""

from collections.abc import Mapping

from convoy.agent.app_probes import AppProbe
from convoy.agent.asking import Application, AskError
from convoy.agent.http_server import Answer, Asked, serve_http
from convoy.agent.settings import PROBE_PORT


async def serve_probes(address: str, probes: Mapping[str, AppProbe], application: Application) -> None:
    """Listen until cancelled; `probes` by path."""

    async def answering(asked: Asked) -> Answer:
        return await answer_probe(asked, probes, application)

    await serve_http(address, PROBE_PORT, answering)


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
