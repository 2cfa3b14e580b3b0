"""Probes, made from inside the pod's network namespace against the pod's own address.

A connection that a pod makes to itself stays on its loopback interface, so a probe meets the application even
where what comes from outside is captured.

Until a probe has succeeded once it is tried more often than its period, for the same time as Kubernetes would
wait: `initialDelaySeconds`, then `failureThreshold` periods.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from convoy.api.kube.core import Container, HttpGetAction, Pod, Probe
from convoy.cluster.linux.netns import socket_in
from convoy.kit.backoff import backoff
from convoy.kit.grpc_health import check_health

_FIRST_RETRY, _LONGEST_RETRY = (
    0.02,
    0.2,
)  # a pod starts in steps, and each waits for the probe of the one before
_STATUS_LINE_LIMIT = 1 << 16

RunCommand = Callable[[list[str]], Awaitable[tuple[int, str]]]


class ProbeError(Exception):
    """One try failed; the text says how."""


class ProbeTarget(msgspec.Struct, frozen=True):
    """Where a container's probes go, and how a command is run in it: to its exit code and what it wrote."""

    netns: int
    address: str
    container: Container
    run_command: RunCommand


def probe_target(pod: Pod, container: Container, netns: int, run_command: RunCommand) -> ProbeTarget:
    """The target for the probes of one container."""
    return ProbeTarget(netns, pod.status.pod_ip, container, run_command)


async def try_probe(probe: Probe, target: ProbeTarget) -> None:
    """One try; raises ProbeError."""
    try:
        async with asyncio.timeout(probe.timeout_seconds):
            if probe.http_get is not None:
                await _http_get(probe.http_get, target)
            elif probe.tcp_socket is not None:
                port = port_number(probe.tcp_socket.port, target.container)
                (await _connect(target, probe.tcp_socket.host, port)).close()
            elif probe.grpc is not None:
                await _check_health(probe.grpc, target)
            elif probe.exec is not None:
                code, output = await target.run_command(probe.exec.get("command", []))
                if code != 0:
                    raise ProbeError(output.strip() or f"the command ended with {code}")
    except TimeoutError as error:
        raise ProbeError(f"no answer within {probe.timeout_seconds} s") from error
    except OSError as error:
        raise ProbeError(os.strerror(error.errno) if error.errno else str(error)) from error


OnFailure = Callable[[str], None]


async def watch_probe(
    probe: Probe, target: ProbeTarget, on_failure: OnFailure = lambda _failure: None
) -> AsyncIterator[str | None]:
    """The probe's state whenever it changes by the thresholds: None for success, else why it fails.

    Without end. `on_failure` is told of single failures, once in a period at most.
    """
    await asyncio.sleep(probe.initial_delay_seconds)
    first_failure = await _until_first_success(probe, target, on_failure)
    if first_failure is not None:
        yield first_failure
        await _until_success(probe, target, on_failure)
    yield None
    failures = 0
    while True:
        await asyncio.sleep(probe.period_seconds)
        failure = await _failure(probe, target)
        failures = failures + 1 if failure else 0
        if failure is not None:
            on_failure(failure)
        if failure is not None and failures >= probe.failure_threshold:
            yield failure
            await _until_success(probe, target, on_failure)
            failures = 0
            yield None


async def _until_first_success(probe: Probe, target: ProbeTarget, on_failure: OnFailure) -> str | None:
    loop = asyncio.get_running_loop()
    told, successes = 1, 0  # what fails in the first period is only starting
    began = loop.time()
    for delay in backoff(_FIRST_RETRY, at_most=_LONGEST_RETRY):
        failure = await _failure(probe, target)
        successes = 0 if failure else successes + 1
        if successes >= probe.success_threshold:
            return None
        periods = (loop.time() - began) / probe.period_seconds
        if failure is not None and periods >= told:
            told += 1
            on_failure(failure)
        if failure is not None and periods >= probe.failure_threshold:
            return failure
        await asyncio.sleep(delay)
    raise AssertionError("backoff has no end")


async def _until_success(probe: Probe, target: ProbeTarget, on_failure: OnFailure) -> None:
    successes = 0
    while successes < probe.success_threshold:
        await asyncio.sleep(probe.period_seconds)
        failure = await _failure(probe, target)
        successes = 0 if failure else successes + 1
        if failure is not None:
            on_failure(failure)


async def _failure(probe: Probe, target: ProbeTarget) -> str | None:
    try:
        await try_probe(probe, target)
    except ProbeError as error:
        return str(error)
    return None


async def _http_get(action: HttpGetAction, target: ProbeTarget) -> None:
    port = port_number(action.port, target.container)
    sock = await _connect(target, action.host, port)
    tls = _unverified_tls() if action.scheme.upper() == "HTTPS" else None
    reader, writer = await asyncio.open_connection(sock=sock, ssl=tls, server_hostname="" if tls else None)
    try:
        headers = {
            "Host": f"{action.host or target.address}:{port}",
            "User-Agent": "kube-probe",
            "Connection": "close",
        }
        headers |= {header["name"]: header["value"] for header in action.http_headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {action.path} HTTP/1.1\r\n{lines}\r\n".encode())
        status_line = (await reader.readuntil(b"\n")).split()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ProbeError("the answer was not HTTP") from error
    finally:
        writer.close()
    if len(status_line) < 2 or not status_line[1].isdigit() or not 200 <= int(status_line[1]) < 400:
        raise ProbeError(f"answered {b' '.join(status_line[:3]).decode(errors='replace')}")


async def _check_health(action: dict[str, Any], target: ProbeTarget) -> None:
    port = int(action["port"])
    sock = await _connect(target, "", port)
    status = await check_health(sock, action.get("service") or "", authority=f"{target.address}:{port}")
    if status != "SERVING":
        raise ProbeError(f'service unhealthy (responded with "{status or "an error"}")')


def _unverified_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # as the kubelet does: a probe proves life, not identity
    return context


async def _connect(target: ProbeTarget, host: str, port: int) -> socket.socket:
    sock = socket_in(target.netns, socket.AF_INET, socket.SOCK_STREAM)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (host or target.address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def port_number(port: int | str, container: Container) -> int:
    """The number of a probe's port, which may be the name of one of the container's; raises ProbeError."""
    if isinstance(port, int):
        return port
    for declared in container.ports:
        if declared.name == port:
            return declared.container_port
    if port.isdigit():
        return int(port)
    raise ProbeError(f'the container has no port named "{port}"')
