"""Configuration of the lab's cluster: one file, written as a whole, and taken by every proxy first.

What a test takes back is removed with the next change, or before the next request: one push less per test.
A change says, too, which field the control plane shall not see, if it is one that listens (`blinding`).
"""

import asyncio
import itertools
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import yaml

from convoy.api.kube.core import Pod
from convoy.cli.local.folders import admission_of
from convoy.cli.local.mesh import LocalMesh
from convoy.cli.pod_traffic import Request, ask, over
from convoy.config.load import load_folder

CLUSTER = "lab"
FILE = "applied.yaml"
PATIENCE = 10.0
_DEBUG = 15014
_ERROR = "error"

Problem = dict[str, Any]


class Configuration:
    """The applied texts, and whether the proxies have them."""

    blinded: ClassVar[str] = ""
    """The kind and field that the control plane shall not see in what is applied next."""
    removes_at_once: ClassVar[bool] = False
    """Whether what a test takes back goes before its end, with the connections that it made."""

    def __init__(self, local: LocalMesh) -> None:
        self.local = local
        self.generation = 0
        self._texts: dict[int, tuple[str, ...]] = {}
        self._numbers = itertools.count()
        self._pods: set[tuple[str, str]] = set()
        self._shaping: list[Any] = [""]
        view = local.clusters[CLUSTER].view
        self._injected: dict[str, Any] = {
            f"{pod.metadata.name}.{pod.metadata.namespace}": pod.spec for pod in view.all(Pod)
        }
        self._is_dirty = False

    def add(self, texts: tuple[str, ...]) -> int:
        """Texts to be applied with the next `settle`; the number takes them back."""
        number = next(self._numbers)
        self._texts[number] = texts
        self._is_dirty = True
        return number

    def remove(self, number: int) -> None:
        """Take texts back with the next `settle`."""
        del self._texts[number]
        self._is_dirty = True

    async def settle(self) -> None:
        """Until every proxy has what is applied now; AssertionError when one refuses it or patience ends."""
        if not self._is_dirty:
            return
        objects = self._objects()
        before = (await self.debug("/debug/statistics"))["view"]
        written_at = datetime.now(UTC)
        self._write(objects)
        self._is_dirty = False
        await self._wait_model_after(before)
        await self._wait_pods(objects)
        await self._wait_started(self._restarted(objects), written_at)
        await self._wait_taken()
        # Envoy acknowledges on its main thread; its workers follow at their next turn.
        await asyncio.sleep(0.01)

    async def problems(self) -> list[Problem]:
        """What the control plane says about what is applied."""
        found: list[Problem] = await self.debug("/debug/problems")
        return [each for each in found if each["file"].endswith(f"/{FILE}") or not each["file"]]

    async def debug(self, path: str) -> Any:
        """What the debug interface of the control plane answers."""
        sock = await self.local.world.dial(CLUSTER, "istio-system", "istiod", _DEBUG)
        with sock:
            reply = await asyncio.to_thread(ask, over(sock), Request("istiod", path))
        assert reply.status == 200, reply
        return reply.json()

    def _objects(self) -> list[Any]:
        texts = itertools.chain.from_iterable(self._texts.values())
        return [each for text in texts for each in yaml.safe_load_all(text) if each]

    def _write(self, objects: list[Any]) -> None:
        # Without it a change that is refused as a whole would leave the view, and its number, as they were.
        self.generation += 1
        mark = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "lab-generation", "namespace": "plain"},
            "data": {"number": str(self.generation), "blinded": self.blinded},
        }
        path: Path = self.local.clusters[CLUSTER].folder / FILE
        part = path.with_name(f".{FILE}.part")
        part.write_text(yaml.safe_dump_all([mark, *objects], sort_keys=False))
        os.replace(part, path)

    async def _wait_model_after(self, before: int) -> None:
        async def missing() -> str:
            counters = await self.debug("/debug/statistics")
            is_read = counters["view"] > before and counters["ads"]["model_number"] > before
            return "" if is_read else "the control plane has not read what was applied"

        await until_nothing(missing)

    async def _wait_pods(self, objects: list[Any]) -> None:
        pods = {
            (each["metadata"].get("namespace", "default"), each["metadata"]["name"])
            for each in objects
            if each["kind"] == "Pod"
        }
        if pods == self._pods:
            return

        async def missing() -> str:
            seen = {(pod.namespace, pod.name): pod.ready for pod in await self.local.world.pods(CLUSTER)}
            late = [pod for pod in pods if not seen.get(pod)]
            late += [pod for pod in self._pods - pods if pod in seen]
            return f"pods that neither came nor went: {late}" if late else ""

        await until_nothing(missing)
        self._pods = pods

    def _restarted(self, objects: list[Any]) -> set[str]:
        """The pods that begin anew, because they are injected otherwise than before."""
        shaping = [
            self.blinded,
            *(each for each in objects if each["kind"] == "ProxyConfig" or _is_mesh_config(each)),
        ]
        if shaping == self._shaping:
            return set()
        self._shaping, before = shaping, self._injected
        view = load_folder(self.local.clusters[CLUSTER].folder, admit=admission_of(CLUSTER))[0]
        self._injected = {f"{pod.metadata.name}.{pod.metadata.namespace}": pod.spec for pod in view.all(Pod)}
        return {name for name, spec in self._injected.items() if name in before and before[name] != spec}

    async def _wait_started(self, pods: set[str], after: datetime) -> None:
        async def missing() -> str:
            since = {
                proxy["proxy"]: datetime.fromisoformat(proxy["connected_since"])
                for proxy in await self.debug("/debug/proxies")
            }
            late = [pod for pod in sorted(pods) if since.get(pod, after) <= after]
            return f"pods that have not started anew: {late}" if late else ""

        if pods:
            await until_nothing(missing, patience=6 * PATIENCE)
            await self.local.world.wait_ready(CLUSTER)

    async def _wait_taken(self) -> None:
        proxies: list[Any] = []

        async def missing() -> str:
            proxies[:] = await self.debug("/debug/proxies")
            late = [
                f"{proxy['proxy']}: {kind['short_name']} {kind['state']}"
                for proxy in proxies
                for kind in proxy["types"]
                if kind["state"] == "STALE"
            ]
            return f"proxies that have not taken it: {', '.join(late)}" if late or not proxies else ""

        await until_nothing(missing)
        refused = [
            f"NACK by {proxy['proxy']}, {kind['short_name']} {each['name']}: {each['detail']}"
            for proxy in proxies
            for kind in proxy["types"]
            for each in kind.get("rejected", ())
        ]
        assert not refused, "\n".join(sorted(set(refused)))


def _is_mesh_config(obj: Any) -> bool:
    return obj["kind"] == "ConfigMap" and obj["metadata"]["name"] == "istio"


def errors_in(problems: list[Problem]) -> list[str]:
    """The problems that are errors, each in one line."""
    return [
        "{kind} {namespace}/{name} {field}: {message} [{code}]".format(**each)
        for each in problems
        if each["level"] == _ERROR
    ]


async def until_nothing(missing: Any, *, patience: float = PATIENCE) -> None:
    """Until a look finds nothing missing any more; AssertionError with what is missing when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while found := await missing():
        assert loop.time() < deadline, found
        await asyncio.sleep(0.01)
