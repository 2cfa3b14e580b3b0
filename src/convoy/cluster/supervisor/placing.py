"""Turn a Pod object into a runner: its network, its sandbox, what it sees of this machine, its tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from convoy.api.kube.core import Pod
from convoy.cluster.dns.records import Names
from convoy.cluster.hiding import hidden_from
from convoy.cluster.images import find_entry
from convoy.cluster.kubelet.containers import PodContext
from convoy.cluster.kubelet.environment import service_account
from convoy.cluster.kubelet.names import build_hosts, build_resolv_conf, host_name
from convoy.cluster.kubelet.pods import PodRunner
from convoy.cluster.kubelet.sandboxes import Sandbox
from convoy.cluster.kubelet.volumes import Issue, TokenRequest, plan_volumes
from convoy.cluster.network.routers import Router
from convoy.cluster.objects import ObjectStore
from convoy.cluster.sandbox.plan import PodPlan
from convoy.cluster.tokens import TokenIssuer
from convoy.cluster.types import ImageEntry, WorldEvent

MakeSandbox = Callable[[int], Awaitable[Sandbox]]
Report = Callable[[str, str, str], None]


class Surroundings(msgspec.Struct, frozen=True):
    """What a cluster needs of the world around it."""

    state_dir: Path
    hidden: tuple[str, ...]
    images: tuple[ImageEntry, ...]
    kept_paths: tuple[str, ...]
    make_sandbox: MakeSandbox
    other_load_balancers: Callable[[str], frozenset[str]]
    shared_names: tuple[Names, ...]
    emit: Callable[[WorldEvent], None]


class PodPlacer:
    """Makes the runners of one cluster's pods."""

    def __init__(
        self, cluster: str, *, router: Router, issuer: TokenIssuer, objects: ObjectStore, around: Surroundings
    ) -> None:
        self._cluster = cluster
        self._router = router
        self._issuer = issuer
        self._objects = objects
        self._around = around

    def make_runner(
        self,
        pod: Pod,
        *,
        report: Report,
        wait_objects: Callable[[], Awaitable[None]],
        wait_vacant: Callable[[], Awaitable[None]],
    ) -> PodRunner:
        """A runner, not started; `wait_vacant` returns once an earlier pod of the same name is gone."""

        async def make_sandbox() -> Sandbox:
            await wait_vacant()
            sandbox = await self._make_sandbox(pod)
            report("pod-created", "", pod.status.pod_ip)
            return sandbox

        context = PodContext(
            pod=pod,
            objects=self._objects,
            images=self._around.images,
            report=report,
            wait_objects=wait_objects,
        )
        logs = self._around.state_dir / "logs" / self._cluster / pod.metadata.namespace / pod.metadata.name
        return PodRunner(context, make_sandbox=make_sandbox, issue=self._issue_for(pod), logs=logs)

    async def _make_sandbox(self, pod: Pod) -> Sandbox:
        netns, link = await self._router.make_pod_network(pod.status.pod_ip)
        sandbox = await self._around.make_sandbox(netns)
        sandbox.ended.add_done_callback(lambda _ended: self._unlink(link))
        try:
            await sandbox.furnish(self._plan(pod))
        except BaseException:
            await sandbox.close()
            raise
        return sandbox

    def _plan(self, pod: Pod) -> PodPlan:
        kept = [*self._around.kept_paths, *self._image_paths(pod)]
        return {
            "hostname": host_name(pod),
            "hidden": [*self._around.hidden, *hidden_from(kept)],
            "kept": kept,
            "volumes": plan_volumes(pod),
            "resolv_conf": build_resolv_conf(pod, self._router.address),
            "hosts": build_hosts(pod),
        }

    def _unlink(self, link: str) -> None:
        task = asyncio.create_task(self._router.remove_pod_network(link), name=f"unlink:{link}")
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _image_paths(self, pod: Pod) -> list[str]:
        paths: list[str] = []
        for container in (*pod.spec.init_containers, *pod.spec.containers):
            entry = find_entry(container.image, self._around.images)
            if entry is not None:
                paths += [path for path in (*entry.keep, entry.cwd) if path not in ("", "/")]
        return paths

    def _issue_for(self, pod: Pod) -> Issue:
        def issue(request: TokenRequest) -> str:
            return self._issuer.issue(
                pod.metadata.namespace,
                service_account(pod),
                audiences=[request.audience],
                expiry=request.expiry,
                pod_name=pod.metadata.name,
                pod_uid=pod.metadata.uid,
            )

        return issue
