"""Built-in admission and webhooks, around every write.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

import dataclasses
from typing import Any

from convoy.cluster.machinery.admission import AdmissionRequest, Operation
from convoy.cluster.machinery.requests import DeleteOptions, WriteOptions
from convoy.cluster.machinery.statuses import StatusError, internal_error
from convoy.cluster.registry import pods, service_accounts
from convoy.cluster.registry.bodies import read_body
from convoy.cluster.registry.context import Context, Target, manager_of, private_copy
from convoy.cluster.schema import apply_defaults as apply_custom_defaults
from convoy.cluster.store import Key
from convoy.cluster.strategies import apply_defaults

Object = dict[str, Any]

_ACCOUNT_ATTEMPTS = 10
_ACCOUNT_PATIENCE = 0.1  # seconds between them: a new namespace has its default account in a moment
_PRIORITY_CLASSES = "scheduling.k8s.io/priorityclasses"


class Admitting:
    """What others say to a write."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def with_defaults(self, target: Target, obj: Object) -> Object:
        """A copy of an object with the defaults of its kind."""
        if target.kept.is_custom:
            return apply_custom_defaults(self._context.schema(target.kept), obj)
        return apply_defaults(target.kept, obj)

    async def mutate(self, request: AdmissionRequest, target: Target) -> Object:
        """The object after everybody had a hand in it, defaulted."""
        assert request.object is not None
        obj = await self._builtin(request, target, request.object)
        admission = self._context.admission
        if admission is None:
            return obj
        changed = await admission.mutate(dataclasses.replace(request, object=obj))
        if changed is obj:
            return obj
        changed = self.with_defaults(target, self._understood(changed, target))
        # What webhooks added, such as a sidecar, is given what the cluster gives to all.
        return await self._builtin(request, target, changed)

    async def validate(self, request: AdmissionRequest) -> None:
        """Raises StatusError when a webhook refuses the write."""
        if self._context.admission is not None:
            await self._context.admission.validate(request)

    def _understood(self, obj: Object, target: Target) -> Object:
        lenient = WriteOptions(field_validation="Ignore")

        def refuse(why: str) -> StatusError:
            return internal_error(f"a webhook's patch made an object that cannot be read: {why}")

        return read_body(obj, target.kept, self._context.schemas, lenient, refuse=refuse)

    async def _builtin(self, request: AdmissionRequest, target: Target, obj: Object) -> Object:
        is_new_pod = request.operation == "CREATE" and target.kept.storage == "pods"
        if not is_new_pod or request.subresource:
            return obj
        account = await self._account(target, obj)
        classes = [each.object for each in self._context.store.list(_PRIORITY_CLASSES)]
        obj = service_accounts.with_account(obj, account)
        obj = pods.with_priority(obj, classes, target.kept)
        return private_copy(pods.with_tolerations(obj))

    async def _account(self, target: Target, pod: Object) -> Object:
        name = service_accounts.account_name(pod)
        attempts = _ACCOUNT_ATTEMPTS if name == service_accounts.DEFAULT else 1
        for attempt in range(attempts):
            if attempt:
                await self._context.clock.sleep(_ACCOUNT_PATIENCE)
            found = self._context.store.get("serviceaccounts", Key(target.namespace, name))
            if found is not None:
                return found.object
        raise service_accounts.missing_account(target.kept, pod, target.namespace)


def write_request(
    operation: Operation, target: Target, options: WriteOptions, *, obj: Object, old: Object | None
) -> AdmissionRequest:
    """The request for a create or update."""
    kind = "CreateOptions" if operation == "CREATE" else "UpdateOptions"
    return _request(operation, target, options, obj=obj, old=old, sent=_options_json(kind, options))


def delete_request(
    target: Target, options: WriteOptions, delete: DeleteOptions, *, old: Object
) -> AdmissionRequest:
    """The request for a deletion."""
    sent: Object = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}
    if delete.grace_period_seconds is not None:
        sent["gracePeriodSeconds"] = delete.grace_period_seconds
    if delete.propagation is not None:
        sent["propagationPolicy"] = delete.propagation
    return _request("DELETE", target, options, obj=None, old=old, sent=sent)


def _request(
    operation: Operation,
    target: Target,
    options: WriteOptions,
    *,
    obj: Object | None,
    old: Object | None,
    sent: Object,
) -> AdmissionRequest:
    return AdmissionRequest(
        operation=operation,
        resource=target.kept,
        asked=target.asked,
        subresource=target.subresource,
        namespace=target.namespace,
        name=target.name,
        object=obj,
        old_object=old,
        options=sent,
        user=options.user,
        dry_run=options.dry_run,
        warn=options.warn,
    )


def _options_json(kind: str, options: WriteOptions) -> Object:
    dry_run = {"dryRun": ["All"]} if options.dry_run else {}
    sent = {"kind": kind, "apiVersion": "meta.k8s.io/v1", **dry_run, "fieldManager": manager_of(options)}
    return sent if options.is_internal else {**sent, "fieldValidation": options.field_validation}
