"""Webhooks as their configurations say, understood once until a configuration changes.

Fields: https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/mutating-webhook-configuration-v1/
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Store, Stored
from convoy.cluster.store.selectors import LabelSelector, label_selector_of
from convoy.kit.logs import get_logger

MUTATING = "admissionregistration.k8s.io/mutatingwebhookconfigurations"
VALIDATING = "admissionregistration.k8s.io/validatingwebhookconfigurations"
REVIEW_VERSIONS = ("v1", "v1beta1")

_HTTPS_PORT = 443
_SECONDS = 10
_NAMESPACES = "namespaces"

log = get_logger("cluster.admission")


@dataclass(frozen=True, slots=True)
class HookRule:
    """What a webhook wants to be asked about; `*` stands for anything but a subresource."""

    operations: frozenset[str]
    groups: frozenset[str]
    versions: frozenset[str]
    resources: tuple[tuple[str, str], ...]  # each with its subresource, or ""
    scope: str

    @classmethod
    def parse(cls, rule: dict[str, Any]) -> "HookRule":
        """From a configuration."""
        parted = (text.partition("/") for text in rule.get("resources") or ())
        return cls(
            frozenset(rule.get("operations") or ()),
            frozenset(rule.get("apiGroups") or ()),
            frozenset(rule.get("apiVersions") or ()),
            tuple((resource, subresource) for resource, _, subresource in parted),
            rule.get("scope") or "*",
        )

    def matches(self, operation: str, resource: Resource, subresource: str) -> bool:
        """Whether it means an operation on a resource in this very version."""
        return (
            _has(self.operations, operation)
            and _has(self.groups, resource.group)
            and _has(self.versions, resource.version)
            and self.scope in ("*", "Namespaced" if resource.namespaced else "Cluster")
            and any(
                wanted in ("*", resource.plural) and part in ("*", subresource)
                for wanted, part in self.resources
            )
        )


def _has(wanted: frozenset[str], value: str) -> bool:
    return "*" in wanted or value in wanted


@dataclass(frozen=True, slots=True)
class ServicePort:
    """Where a webhook in the cluster listens."""

    namespace: str
    name: str
    port: int

    @property
    def host(self) -> str:
        """The name that its certificate must have."""
        return f"{self.name}.{self.namespace}.svc"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a webhook is reached; `authority` is PEM, None means the machine's own authorities."""

    url: str
    service: ServicePort | None
    authority: bytes | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One of `matchConditions`: a name and an expression in CEL."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """One webhook of a configuration."""

    name: str
    configuration: str
    endpoint: Endpoint
    rules: tuple[HookRule, ...]
    namespaces: LabelSelector
    objects: LabelSelector
    conditions: tuple[Condition, ...]
    is_fatal: bool  # failurePolicy Fail
    is_exact: bool  # matchPolicy Exact
    is_reinvoked: bool  # reinvocationPolicy IfNeeded
    allows_dry_run: bool
    seconds: float
    review_version: str


def parse_hook(configuration: str, hook: dict[str, Any]) -> Hook:
    """A webhook of a configuration that was defaulted; raises ValueError with a sentence for bad values."""
    conditions = hook.get("matchConditions") or ()
    return Hook(
        name=hook.get("name", ""),
        configuration=configuration,
        endpoint=_endpoint(hook.get("clientConfig") or {}),
        rules=tuple(HookRule.parse(rule) for rule in hook.get("rules") or ()),
        namespaces=_selector(hook.get("namespaceSelector")),
        objects=_selector(hook.get("objectSelector")),
        conditions=tuple(Condition(each.get("name", ""), each.get("expression", "")) for each in conditions),
        is_fatal=hook.get("failurePolicy", "Fail") == "Fail",
        is_exact=hook.get("matchPolicy", "Equivalent") == "Exact",
        is_reinvoked=hook.get("reinvocationPolicy") == "IfNeeded",
        allows_dry_run=hook.get("sideEffects") in ("None", "NoneOnDryRun"),
        seconds=float(hook.get("timeoutSeconds") or _SECONDS),
        review_version=_review_version(hook.get("admissionReviewVersions") or ()),
    )


def _selector(selector: dict[str, Any] | None) -> LabelSelector:
    try:
        return label_selector_of(selector or {})
    except StatusError as error:
        raise ValueError(error.message) from error


def _review_version(versions: Sequence[str]) -> str:
    """The first that is known here; a webhook that has none is asked in v1 all the same."""
    return next((version for version in versions if version in REVIEW_VERSIONS), REVIEW_VERSIONS[0])


def _endpoint(client: dict[str, Any]) -> Endpoint:
    authority = parse_authority(client["caBundle"]) if client.get("caBundle") else None
    service = client.get("service")
    if not service:
        return Endpoint(client.get("url") or "", None, authority)
    port = ServicePort(
        service.get("namespace", ""), service.get("name", ""), service.get("port") or _HTTPS_PORT
    )
    path = (service.get("path") or "/").removeprefix("/")
    return Endpoint(f"https://{port.host}:{port.port}/{path}", port, authority)


def parse_authority(bundle: str) -> bytes:
    """The PEM of a `caBundle`; raises ValueError when it is none."""
    try:
        pem = base64.b64decode(bundle, validate=True)
    except binascii.Error as error:
        raise ValueError(f"caBundle is not in base64: {error}") from error
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise ValueError("unable to load root certificates: unable to parse bytes as PEM block")
    return pem


class HookList:
    """The webhooks of one kind, by name of their configuration and in the order in it."""

    def __init__(self, store: Store, storage: str) -> None:
        self._read: Callable[[], Sequence[Stored]] = lambda: store.list(storage)
        self._seen: Sequence[Stored] = ()
        self._hooks: tuple[Hook, ...] = ()

    def __call__(self) -> tuple[Hook, ...]:
        """Those that there are now."""
        # A storage's list is the same object until something in it changes.
        now = self._read()
        if now is not self._seen:
            self._hooks = tuple(hook for stored in now for hook in _parse_all(stored))
            self._seen = now
        return self._hooks


def _parse_all(stored: Stored) -> list[Hook]:
    hooks = []
    for source in stored.object.get("webhooks") or ():
        try:
            hooks.append(parse_hook(stored.key.name, source))
        except ValueError as error:  # refused when it was written, so this was kept before we knew better
            log.warning("webhook not understood", webhook=source.get("name"), detail=str(error))
    return hooks
