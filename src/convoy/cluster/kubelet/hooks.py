"""What a container's `lifecycle` asks for: a command, request or pause, after its start or before its end.

https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

import asyncio
from typing import Any

import msgspec

from convoy.api.kube.core import HttpGetAction, Probe, TcpSocketAction
from convoy.cluster.kubelet.probes import ProbeError, ProbeTarget, try_probe

_LONGEST = 24 * 3600


class HookError(Exception):
    """A hook failed; the text says how."""


async def run_hook(hook: dict[str, Any], target: ProbeTarget) -> None:
    """Carry one hook out; raises HookError. The caller limits its time."""
    if "sleep" in hook:
        await asyncio.sleep(float(hook["sleep"].get("seconds", 0)))
        return
    try:
        await try_probe(_as_probe(hook), target)
    except (ProbeError, msgspec.ValidationError) as error:
        raise HookError(str(error)) from error


def _as_probe(hook: dict[str, Any]) -> Probe:
    """Hooks and probes have their actions in common."""
    if "httpGet" in hook:
        return Probe(http_get=msgspec.convert(hook["httpGet"], HttpGetAction), timeout_seconds=_LONGEST)
    if "tcpSocket" in hook:
        return Probe(tcp_socket=msgspec.convert(hook["tcpSocket"], TcpSocketAction), timeout_seconds=_LONGEST)
    return Probe(exec=hook.get("exec") or {"command": []}, timeout_seconds=_LONGEST)
