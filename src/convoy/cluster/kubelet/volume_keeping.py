"""Keeps the files in a pod's volumes as the objects are that they show, and its tokens fresh."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from convoy.api.kube.core import Volume
from convoy.cluster.kubelet.contexts import PodContext
from convoy.cluster.kubelet.environment import MissingReferenceError
from convoy.cluster.kubelet.sandboxes import Sandbox, VolumeFile
from convoy.cluster.kubelet.volumes import Issue, Sources, TokenRequest, build_volume_files, token_requests

_RENEW_AT = 0.8  # of a token's life, as the kubelet does
_STEP = 5.0  # seconds between looks at the wall clock, which jumps when the machine was suspended


class VolumeKeeper:
    """The volumes of one pod. `say` is told why the pod waits for one, and "" once it does not any more."""

    def __init__(self, context: PodContext, issue: Issue, say: Callable[[str], None]) -> None:
        self._context = context
        self._issue = issue
        self._say = say
        self._tokens: dict[TokenRequest, str] = {}
        self._written: dict[str, dict[str, VolumeFile]] = {}

    async def fill(self, sandbox: Sandbox) -> None:
        """Write every volume's files into a new sandbox, as soon as the objects they show exist."""
        self._written.clear()
        self._tokens.clear()
        for volume in self._context.pod.spec.volumes:
            while not await self._fill_one(sandbox, volume):
                pass
        self._say("")

    async def _fill_one(self, sandbox: Sandbox, volume: Volume) -> bool:
        """Whether a volume could be filled; if not, after what it shows has changed."""
        with self._context.hearing() as changed:
            try:
                await self._write(sandbox, volume)
            except MissingReferenceError as error:
                self._say(f"volume {volume.name}: {error}")
                message = f'MountVolume.SetUp failed for volume "{volume.name}" : {error}'
                self._context.record("Warning", "FailedMount", message)
                await changed
                return False
        return True

    async def keep_fresh(self, sandbox: Sandbox) -> None:
        """Show changed objects in the volumes, and renew tokens, until cancelled."""
        life = self._life()
        step = min(_STEP, life.total_seconds() / 8) if life else None
        renew_at = self._renewal(life)
        changed = asyncio.ensure_future(self._context.wait_objects())
        try:
            while True:
                await asyncio.wait([changed], timeout=step)
                is_due = renew_at is not None and self._context.clock.now() >= renew_at
                if not changed.done() and not is_due:
                    continue
                if is_due:
                    self._tokens.clear()
                    renew_at = self._renewal(life)
                if changed.done():  # what changes from here on is heard of in the next turn
                    changed = asyncio.ensure_future(self._context.wait_objects())
                await self._write_all(sandbox)
        finally:
            changed.cancel()

    async def _write_all(self, sandbox: Sandbox) -> None:
        for volume in self._context.pod.spec.volumes:
            with suppress(MissingReferenceError):  # what was deleted stays in the volume
                await self._write(sandbox, volume)

    async def _write(self, sandbox: Sandbox, volume: Volume) -> None:
        context = self._context
        sources = Sources(context.pod, context.objects, self._token, context.allocatable)
        files = build_volume_files(volume, sources)
        if files is not None and files != self._written.get(volume.name):
            await sandbox.write_files(volume.name, files, group=self._group())
            self._written[volume.name] = files

    def _token(self, request: TokenRequest) -> str:
        if request not in self._tokens:
            self._tokens[request] = self._issue(request)
        return self._tokens[request]

    def _group(self) -> int | None:
        group: int | None = self._context.pod.spec.security_context.get("fsGroup")
        return group if self._context.habits.can_change_user else None

    def _life(self) -> timedelta | None:
        volumes = self._context.pod.spec.volumes
        expiries = [request.expiry for volume in volumes for request in token_requests(volume)]
        return timedelta(seconds=min(expiries) * _RENEW_AT) if expiries else None

    def _renewal(self, life: timedelta | None) -> datetime | None:
        return self._context.clock.now() + life if life else None
