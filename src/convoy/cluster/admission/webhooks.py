"""Mutating and validating webhooks around every write: whom to ask, in which order, and what to make of it.

Mutating ones are asked one after the other, and those that wish so once more when a later one changed the
object; validating ones all at once.
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

import asyncio
import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from convoy.cluster.admission.checking import check_configuration
from convoy.cluster.admission.clients import HookClient
from convoy.cluster.admission.connecting import Connect
from convoy.cluster.admission.failures import CallError, failed_call, refused
from convoy.cluster.admission.forms import Form, as_created, show
from convoy.cluster.admission.hooks import MUTATING, VALIDATING, Hook, HookList
from convoy.cluster.admission.matching import Matching, is_exempt
from convoy.cluster.admission.meeting import meets
from convoy.cluster.admission.reviews import Verdict, build_question, encode_review, read_verdict
from convoy.cluster.admission.system import may_pass_unasked
from convoy.cluster.machinery.admission import AdmissionRequest, MayUser
from convoy.cluster.machinery.statuses import StatusError, bad_request, internal_error
from convoy.cluster.patches import apply_json_patch
from convoy.cluster.registry import Registry
from convoy.kit.logs import get_logger

Object = dict[str, Any]

log = get_logger("cluster.admission")


class Webhooks:
    """An Admission. `may_user` answers what conditions ask of the authorizer."""

    def __init__(self, registry: Registry, *, connect: Connect, may_user: MayUser) -> None:
        self._registry = registry
        self._may_user = may_user
        self._matching = Matching(registry.resources, registry.store)
        self._mutating = HookList(registry.store, MUTATING)
        self._validating = HookList(registry.store, VALIDATING)
        self._client = HookClient(registry.store, connect)

    async def mutate(self, request: AdmissionRequest) -> Object:
        """As Admission has it."""
        assert request.object is not None
        hooks = self._mutating()
        if not hooks or is_exempt(request):
            return request.object
        return await self._mutated(request, hooks)

    async def validate(self, request: AdmissionRequest) -> None:
        """As Admission has it; mutating webhooks, too, may refuse a deletion."""
        if is_exempt(request):
            if request.object is not None:
                check_configuration(request.resource, request.object, request.old_object)
            return
        if request.operation == "DELETE":
            for hook in self._mutating():
                await self._ask_to_change(hook, request)
        if hooks := self._validating():
            await self._validated(request, hooks)

    async def close(self) -> None:
        """Let go of connections that are kept for the next request."""
        await self._client.close()

    async def _mutated(self, request: AdmissionRequest, hooks: Sequence[Hook]) -> Object:
        again: set[Hook] = set()
        invoked: set[Hook] = set()  # those that wish to see later changes
        for hook in hooks:
            answered = await self._ask_to_change(hook, request)
            if answered is None:
                continue
            if answered is not request.object:
                request = dataclasses.replace(request, object=answered)
                again |= invoked
                invoked = set()
            if hook.is_reinvoked:
                invoked.add(hook)
        for hook in hooks:
            if hook in again:
                answered = await self._ask_to_change(hook, request)
                if answered is not None:
                    request = dataclasses.replace(request, object=answered)
        assert request.object is not None
        return request.object

    async def _ask_to_change(self, hook: Hook, request: AdmissionRequest) -> Object | None:
        """The object after a webhook's patch, itself if that changed nothing; None if it was not asked."""
        form = self._form(hook, request)
        if form is None:
            return None
        verdict = await self._ask(hook, request, form, may_change=True)
        if verdict is None or not verdict.operations:
            return request.object
        if form.object is None:
            why = "attempted to modify the object, which is not supported for this operation"
            raise internal_error(f'admission webhook "{hook.name}" {why}')
        try:
            patched = apply_json_patch(form.object, verdict.operations)
        except StatusError as error:
            raise internal_error(error.message) from error
        return request.object if patched == form.object else form.back(patched)

    async def _validated(self, request: AdmissionRequest, hooks: Sequence[Hook]) -> None:
        asked = [(hook, form) for hook in hooks if (form := self._form(hook, request)) is not None]
        if not asked:
            return
        asking = [self._ask(hook, request, form, may_change=False) for hook, form in asked]
        for error in await asyncio.gather(*asking, return_exceptions=True):
            if isinstance(error, BaseException):
                raise error

    def _form(self, hook: Hook, request: AdmissionRequest) -> Form | None:
        """What a webhook is shown; None when it is not asked. Raises StatusError for failing conditions."""
        seen = as_created(request)
        version = self._matching.find_version(hook, seen)
        if version is None:
            return None
        form = show(request, version, self._registry.schemas)
        if hook.conditions and not meets(hook, request, form, self._may_user):
            return None
        return form

    async def _ask(
        self, hook: Hook, request: AdmissionRequest, form: Form, *, may_change: bool
    ) -> Verdict | None:
        """A webhook's yes; None when it failed and may be passed over. Raises StatusError for its no."""
        if request.dry_run and not hook.allows_dry_run:
            raise bad_request(f'admission webhook "{hook.name}" does not support dry run')
        uid = str(uuid.uuid4())
        body = encode_review(hook, uid, build_question(request, form), form)
        try:
            verdict = read_verdict(hook, uid, await self._client.post(hook, body), may_change=may_change)
        except CallError as error:
            self._pass_over(hook, request, error)
            return None
        for text in verdict.warnings:
            request.warn(text)
        if not verdict.is_allowed:
            raise refused(hook.name, verdict.result)
        return verdict

    def _pass_over(self, hook: Hook, request: AdmissionRequest, error: CallError) -> None:
        """Go on without a webhook, or raise what the write fails with."""
        if hook.is_fatal:
            if not may_pass_unasked(hook, request):
                raise failed_call(hook.name, error)
            request.warn(f'webhook "{hook.name}" was passed over, as for all that the system needs: {error}')
        log.warning("webhook passed over", webhook=hook.name, detail=str(error))
