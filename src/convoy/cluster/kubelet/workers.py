"""One pod of the API on its node, from the moment it is bound until its object is gone."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from convoy.api.kube.core import Pod, PodIP
from convoy.cluster.kubelet.contexts import Habits, PodContext, api_delays
from convoy.cluster.kubelet.deadlines import Deadline
from convoy.cluster.kubelet.environment import service_account
from convoy.cluster.kubelet.limits import left_out, refusal
from convoy.cluster.kubelet.networks import PodAddresses, PodKey
from convoy.cluster.kubelet.pods import PodRunner
from convoy.cluster.kubelet.references import Reference, read_pod, references
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.states import PodView
from convoy.cluster.kubelet.statuses import Facts, seeds_of
from convoy.cluster.kubelet.telling import Teller
from convoy.cluster.kubelet.tools import Tools
from convoy.cluster.kubelet.volumes import TokenRequest
from convoy.kit.latest import LatestValue
from convoy.kit.times import format_time, parse_time

Json = dict[str, Any]
_RAN_WELL = 600.0
_LONGEST_WITHDRAWAL = 5.0
_FORCED = 1.0  # seconds that the containers of a pod whose object is gone already have to end
_FINAL = ("Succeeded", "Failed")


class PodWorker:
    """Runs one pod; a pod made again under the same name has another worker."""

    def __init__(self, obj: Json, tools: Tools) -> None:
        pod = read_pod(obj)
        self.key = PodKey(pod.metadata.namespace, pod.metadata.name, pod.metadata.uid)
        self.references: frozenset[Reference] = references(pod)
        self._tools = tools
        self._teller = Teller(self.key, tools, self._look)
        self._teller.name_containers(obj["spec"])
        self._news = LatestValue[int]()  # of objects that the pod refers to
        self._changed = asyncio.Event()  # of the pod itself
        self._addresses = _old_addresses(pod)
        self._start_time = pod.status.start_time or format_time(tools.clock.now())
        self._was_final = pod.status.phase in _FINAL
        self._failure = (
            (pod.status.reason, pod.status.message) if self._was_final and pod.status.reason else None
        )
        self._is_ended = self._was_final
        self._is_removed = False
        self._deadline: Deadline | None = None
        self._obj = obj
        self.runner = self._make_runner(pod, seeds_of(obj.get("status") or {}, pod.spec.restart_policy))

    def _make_runner(self, pod: Pod, seeds: Mapping[str, Any]) -> PodRunner:
        tools = self._tools
        links = pod.spec.enable_service_links is not False
        context = PodContext(
            pod=pod,
            objects=tools.objects,
            images=tools.node.images,
            report=lambda _what, _container, _detail: self._teller.note(),
            wait_objects=self._wait_news,
            record=self._teller.record,
            habits=Habits(
                delays=api_delays,
                ran_well=_RAN_WELL,
                own_roots=True,
                kept=tuple(tools.maker.kept_for(pod)),
                can_change_user=tools.can_change_user,
            ),
            base_variables=lambda: tools.service_variables(self.key.namespace, links),
            allocatable=tools.allocatable,
            clock=tools.clock,
        )
        return PodRunner(
            context,
            make_sandbox=self._make_sandbox,
            issue=self._issue,
            logs=tools.folders.logs(self.key),
            seeds=seeds,
        )

    async def _make_sandbox(self) -> Sandbox:
        return await self._tools.maker.make(self.key, self.runner.pod, placed=self._place)

    def _place(self, addresses: PodAddresses) -> Pod:
        self._addresses = addresses
        self.runner.pod = _with_addresses(self.runner.pod, addresses)
        return self.runner.pod

    def _issue(self, request: TokenRequest) -> str:
        return self._tools.issuer.issue(
            self.key.namespace,
            service_account(self.runner.pod),
            audiences=[request.audience],
            expiry=request.expiry,
            pod_name=self.key.name,
            pod_uid=self.key.uid,
        )

    def _wait_news(self) -> Awaitable[None]:
        """Counts from the call, not from when it is awaited."""
        return self._news_after(self._news.number)

    async def _news_after(self, seen: int) -> None:
        await self._news.wait_newer(seen)

    def _look(self) -> tuple[PodView, Facts]:
        spec = self.runner.pod.spec
        facts = Facts(
            restart_policy=spec.restart_policy,
            pod_ips=self._addresses.pod_ips,
            host_ips=self._addresses.host_ips or (self._tools.network.host_ip,),
            start_time=self._start_time,
            failure=self._failure,
            is_ended=self._is_ended,
            gates=tuple(gate["conditionType"] for gate in spec.readiness_gates),
        )
        return self.runner.view(), facts

    def note_news(self) -> None:
        """An object that the pod refers to has changed."""
        self._news.set(0)

    def update(self, obj: Json) -> None:
        """The pod's object has changed."""
        old, self._obj = self._obj, obj
        if obj["spec"] != old["spec"] or _visible(obj) != _visible(old):
            self._take_spec(obj)
        if self._deadline is not None and (grace := _deletion_grace(obj)) is not None:
            self._deadline.bring_forward(grace)
        if not self._was_final:
            self._teller.note()
        self._changed.set()

    def _take_spec(self, obj: Json) -> None:
        pod = _with_addresses(read_pod(obj), self._addresses)
        self.runner.pod = pod
        self.references = references(pod)
        self._teller.name_containers(obj["spec"])
        self.runner.take(pod)
        self.note_news()

    def remove(self) -> None:
        """The pod's object is gone."""
        self._is_removed = True
        if self._deadline is not None:
            self._deadline.bring_forward(_FORCED)
        self._changed.set()

    async def run(self) -> None:
        """Until nothing of the pod is left."""
        telling = asyncio.create_task(self._teller.run(), name=f"status:{self.key}")
        try:
            await self._live()
            await self._end()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await self.runner.stop(Deadline(0))
            await self._tools.network.detach(self.key)
        if not self._is_removed:
            await self._teller.confirm_deletion()
        await self._tools.folders.remove_pod(self.key)

    @property
    def _must_end(self) -> bool:
        return self._is_removed or "deletionTimestamp" in self._obj["metadata"]

    async def _live(self) -> None:
        """Run the pod until it is to be deleted."""
        if not self._was_final and not self._must_end and self._may_run():
            self._teller.note()
            self.runner.start()
            await self._wait_end()
            if not self._must_end:
                self._is_ended = True
                self._teller.note()
                await self._tools.network.detach(self.key)
        while not self._must_end:
            await self._next_change(None)

    def _may_run(self) -> bool:
        pod = self.runner.pod
        if (refused := refusal(pod, self._tools.node.host_paths)) is not None:
            self._teller.record("Warning", *refused)
            self._teller.note()
            return False
        if left := left_out(pod):
            self._teller.record("Warning", "Unsupported", f"Left out: {', '.join(left)}")
        return True

    async def _wait_end(self) -> None:
        """Until the pod has come to its end, has used up its time, or is to be deleted."""
        done = asyncio.create_task(self.runner.done.wait(), name=f"done:{self.key}")
        try:
            while not self._must_end and not done.done():
                left = self._time_left()
                if left is not None and left <= 0:
                    await self._exceed_deadline()
                    return
                changed = asyncio.ensure_future(self._next_change(left))
                await asyncio.wait([done, changed], return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            done.cancel()

    async def _next_change(self, timeout: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        self._changed.clear()

    def _time_left(self) -> float | None:
        seconds = self.runner.pod.spec.active_deadline_seconds
        began = parse_time(self._start_time)
        if seconds is None or began is None:
            return None
        return seconds - (self._tools.clock.now() - began).total_seconds()

    async def _exceed_deadline(self) -> None:
        text = "Pod was active on the node longer than the specified deadline"
        self._teller.record("Normal", "DeadlineExceeded", text)
        self._failure = ("DeadlineExceeded", text)
        self._deadline = Deadline(self.runner.grace)
        await self.runner.stop(self._deadline)

    async def _end(self) -> None:
        """End what runs within the grace that the deletion left."""
        grace = _deletion_grace(self._obj)
        self._deadline = Deadline(_FORCED if self._is_removed or grace is None else grace)
        if self.runner.has_sandbox and not self._is_removed:
            withdrawing = asyncio.create_task(
                self._tools.network.withdraw(self.key), name=f"withdraw:{self.key}"
            )
            await asyncio.wait([withdrawing], timeout=min(_LONGEST_WITHDRAWAL, self._deadline.remaining))
            withdrawing.cancel()
        await self.runner.stop(self._deadline)
        self._is_ended = True
        if not self._is_removed:
            with suppress(Exception):  # the object may have gone this moment
                await self._teller.write()

    async def shut_down(self, grace: float) -> None:
        """The node goes down: end what runs, and leave the object as it is."""
        self._teller.silence()
        await self.runner.stop(Deadline(min(grace, self.runner.grace)))
        await self._tools.network.detach(self.key)


def _deletion_grace(obj: Json) -> float | None:
    grace = obj["metadata"].get("deletionGracePeriodSeconds")
    return None if grace is None else float(grace)


def _visible(obj: Json) -> tuple[Any, Any]:
    return obj["metadata"].get("labels"), obj["metadata"].get("annotations")


def _old_addresses(pod: Pod) -> PodAddresses:
    ips = tuple(each.ip for each in pod.status.pod_ips) or ((pod.status.pod_ip,) if pod.status.pod_ip else ())
    return PodAddresses(-1, ips, tuple(each["ip"] for each in pod.status.host_ips))


def _with_addresses(pod: Pod, addresses: PodAddresses) -> Pod:
    status = replace(
        pod.status,
        pod_ip=addresses.pod_ips[0] if addresses.pod_ips else "",
        pod_ips=[PodIP(ip=ip) for ip in addresses.pod_ips],
        host_ip=addresses.host_ips[0] if addresses.host_ips else "",
        host_ips=[{"ip": ip} for ip in addresses.host_ips],
    )
    return replace(pod, status=status)
