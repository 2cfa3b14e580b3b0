"""What the rules of webhook configurations leave to whoever uses them: URLs, bundles, conditions."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson

from convoy.cluster.admission.hooks import parse_authority
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import Cause, StatusError, field_invalid, field_required, invalid
from convoy.cluster.schema.wording import quoted
from convoy.cluster.store.selectors import label_selector_of

_MOST_CONDITIONS = 64


def check_configuration(resource: Resource, obj: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Raises StatusError 422 for webhooks that could never be asked; those kept before are let be."""
    known = {orjson.dumps(hook) for hook in (old or {}).get("webhooks") or ()}
    causes = [
        cause
        for index, hook in enumerate(obj.get("webhooks") or ())
        if orjson.dumps(hook) not in known
        for cause in _causes(f"webhooks[{index}]", hook)
    ]
    if causes:
        raise invalid(resource, obj["metadata"]["name"], causes)


def _causes(path: str, hook: dict[str, Any]) -> Iterator[Cause]:
    client = hook.get("clientConfig") or {}
    if client.get("url"):
        yield from _url(f"{path}.clientConfig.url", client["url"])
    if client.get("caBundle"):
        try:
            parse_authority(client["caBundle"])
        except ValueError as error:
            yield field_invalid(f"{path}.clientConfig.caBundle", "<bytes>", str(error))
    for field in ("namespaceSelector", "objectSelector"):
        try:
            label_selector_of(hook.get(field) or {})
        except StatusError as error:
            yield field_invalid(f"{path}.{field}", "<selector>", error.message)
    yield from _conditions(f"{path}.matchConditions", hook.get("matchConditions") or [])


def _url(path: str, url: str) -> Iterator[Cause]:
    form = "desired format: https://host[:port]/path"
    parts = urlsplit(url)
    if parts.scheme != "https":
        why = f"'https' is the only allowed URL scheme; {form}"
        yield field_invalid(path, quoted(parts.scheme), why)
    if not parts.hostname:
        yield field_invalid(path, '""', f"host must be specified; {form}")
    if parts.username is not None:
        yield field_invalid(path, '"..."', "user information is not permitted in the URL")
    for name, value in (("fragments", parts.fragment), ("query parameters", parts.query)):
        if value:
            yield field_invalid(path, quoted(value), f"{name} are not permitted in the URL")


def _conditions(path: str, conditions: list[dict[str, Any]]) -> Iterator[Cause]:
    if not conditions:
        return
    from convoy.cluster.schema.cel.conditions import check_condition

    if len(conditions) > _MOST_CONDITIONS:
        why = f"must have at most {_MOST_CONDITIONS} items"
        yield Cause("FieldValueTooMany", f"Too many: {len(conditions)}: {why}", path)
        return
    names: set[str] = set()
    for index, condition in enumerate(conditions):
        place, name = f"{path}[{index}]", condition.get("name") or ""
        if not name:
            yield field_required(f"{place}.name")
        elif name in names:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {quoted(name)}", f"{place}.name")
        names.add(name)
        expression = condition.get("expression") or ""
        if not expression.strip():
            yield field_required(f"{place}.expression")
        elif (error := check_condition(expression)) is not None:
            yield field_invalid(f"{place}.expression", quoted(expression), error)
