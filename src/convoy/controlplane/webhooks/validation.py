"""`/validate`: whether an object may be kept, by the stages and in the words of `convoy validate`.

An object that is wrong by itself is refused, with everything that its stage finds. What is wrong between
objects is a warning: the other object may come a moment later, or be on its way out.

`/validate-schema` is for a mutating webhook, which changes nothing. The API server asks those before it
checks an object against its definition, so wrong types, and what CEL rules of the definition would refuse,
are refused with a word about what to do.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from convoy.api.base import ApiObject
from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.api.reading import ReadObject, read_object
from convoy.controlplane.pipeline import Published
from convoy.controlplane.webhooks.neighbours import Neighbours
from convoy.controlplane.webhooks.reviews import AdmissionRequest, Verdict
from convoy.controlplane.webhooks.server import Judge
from convoy.controlplane.webhooks.wording import causes, refusal_message, warning_lines
from convoy.kit.latest import LatestValue
from convoy.xds.build.envoy_filters.checks import find_bad_values

_ALLOWED = Verdict()
# So many objects are looked through in about 5 ms; more of them must not keep proxies waiting.
_QUICKLY_CHECKED = 400
# Views are held off a little, so what came just before, as from the same file, is not in the newest one yet.
_PATIENCE = 0.3
# Objects that are applied together come one after the other; then what was remembered for them may go.
_REMEMBERED = 30.0


class Validation:
    """The judges; `published` says what the mesh is now, and may have no value yet.

    What is missing is looked for again in every newer state that comes within `patience` seconds.
    """

    def __init__(self, published: LatestValue[Published], *, patience: float = _PATIENCE) -> None:
        self._published = published
        self._patience = patience
        self._beside = Neighbours()
        self._forgetting: asyncio.TimerHandle | None = None

    def judges(self) -> dict[str, Judge]:
        """By path, as `webhooks_app` takes them; the webhook configurations name both."""
        return {"/validate": self.judge, "/validate-schema": self.judge_schema}

    async def judge(self, request: AdmissionRequest) -> Verdict:
        """All stages. Whatever is deleted, or on its way out, is allowed."""
        if _passes(request):
            return _ALLOWED
        read = _read(request)
        if read.is_refused:
            return _refusal(read.key, read.problems)
        return Verdict(warnings=warning_lines([*read.problems, *await self._neighbours(read.obj)]))

    async def _neighbours(self, obj: ApiObject | None) -> Sequence[Problem]:
        number = self._published.number
        if obj is None or not number:
            return ()
        give_up = asyncio.get_running_loop().time() + self._patience
        while found := await self._find_problems(obj, self._published.get_nowait()):
            try:
                async with asyncio.timeout_at(give_up):
                    number, _ = await self._published.wait_newer(number)
            except TimeoutError:
                break
        return found

    async def _find_problems(self, obj: ApiObject, published: Published) -> Sequence[Problem]:
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(_REMEMBERED, self._beside.forget)
        if len(published.view) <= _QUICKLY_CHECKED:
            return self._beside.find_new_problems(obj, published)
        return await asyncio.to_thread(self._beside.find_new_problems, obj, published)

    async def judge_schema(self, request: AdmissionRequest) -> Verdict:
        """What is wrong with the object by itself; what there is to warn of, `judge` will say."""
        if _passes(request):
            return _ALLOWED
        read = _read(request)
        return _refusal(read.key, read.problems) if read.is_refused else _ALLOWED


def _read(request: AdmissionRequest) -> ReadObject:
    """The object by all stages; those that know Envoy's messages come last."""
    read = read_object(_named(request), has_nulls=request.has_nulls)
    if isinstance(read.obj, EnvoyFilter) and (bad := tuple(find_bad_values([read.obj]))):
        return msgspec.structs.replace(read, obj=None, problems=(*read.problems, *bad))
    return read


def _passes(request: AdmissionRequest) -> bool:
    if request.operation not in ("CREATE", "UPDATE") or request.sub_resource:
        return True
    # Whoever removes the last finalizer of an object must not be stopped by what is wrong with it.
    return bool(_metadata(request.object).get("deletionTimestamp"))


def _named(request: AdmissionRequest) -> Any:
    """The object with the name and namespace that it will have; a generated name may still be missing."""
    metadata = _metadata(request.object)
    if not metadata:
        return request.object
    generated = metadata.get("generateName")
    name = metadata.get("name") or request.name or (f"{generated}0" if generated else "")
    namespace = metadata.get("namespace") or request.namespace
    return {**request.object, "metadata": {**metadata, "name": name, "namespace": namespace}}


def _metadata(obj: Any) -> dict[str, Any]:
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _refusal(key: ObjectKey | None, problems: Sequence[Problem]) -> Verdict:
    errors = [problem for problem in problems if problem.is_error]
    warnings = [problem for problem in problems if not problem.is_error]
    return Verdict(
        allowed=False,
        message=refusal_message(key, errors),
        causes=causes(errors),
        warnings=warning_lines(warnings),
    )
