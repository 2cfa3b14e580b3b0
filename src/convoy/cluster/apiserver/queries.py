"""Query parameters, typed. A parameter that is given twice counts as first given, as in Go."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from convoy.cluster.machinery.requests import User, WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import (
    Cause,
    StatusError,
    bad_request,
    field_forbidden,
    field_not_supported,
    field_required,
    invalid,
)

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False", ""})
_VALIDATIONS = ("Ignore", "Strict", "Warn", "")
_LONGEST_MANAGER = 128
_MOST_PARAMETERS = 1000
_LARGEST = 2**63 - 1


class Query:
    """The parameters of one request."""

    def __init__(self, text: str) -> None:
        self._values: dict[str, str] = {}
        if not text:
            return
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_PARAMETERS)
        except ValueError as error:
            raise bad_request("the query has too many parameters") from error
        for key, value in pairs:
            self._values.setdefault(key, value.encode("utf-8", "replace").decode())

    def text(self, name: str) -> str:
        """A parameter; "" when it is missing."""
        return self._values.get(name, "")

    def has(self, name: str) -> bool:
        """Whether it was given."""
        return name in self._values

    def flag(self, name: str) -> bool:
        """A parameter as Go reads booleans; given without a value it is false. Raises StatusError 400."""
        value = self.text(name)
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise bad_request(f'{name}: strconv.ParseBool: parsing "{value}": invalid syntax')

    def number(self, name: str) -> int | None:
        """A whole number; None when it is missing or empty. Raises StatusError 400."""
        value = self.text(name)
        return parse_number(name, value) if value else None


def parse_number(name: str, value: str) -> int:
    """A whole number of 64 bits; raises StatusError 400."""
    digits = value[1:] if value[:1] in ("-", "+") else value
    if not (digits.isascii() and digits.isdigit()):
        raise bad_request(f'{name}: strconv.ParseInt: parsing "{value}": invalid syntax')
    if len(digits) > 19 or abs(int(value)) > _LARGEST:
        raise bad_request(f'{name}: strconv.ParseInt: parsing "{value[:40]}": value out of range')
    return int(value)


def options_invalid(kind: str, causes: list[Cause]) -> StatusError:
    """422 for options that contradict each other, as the real server puts it."""
    return invalid(Resource("meta.k8s.io", "v1", "", kind, False), "", causes)


def write_options(kind: str, query: Query, headers: Mapping[str, str], user: User) -> WriteOptions:
    """The options of a write; `kind` is CreateOptions, UpdateOptions, PatchOptions or DeleteOptions.

    Raises StatusError 422. A writer that does not name itself is known by its User-Agent.
    """
    validation = query.text("fieldValidation")
    dry_run = query.text("dryRun")
    causes = []
    if validation not in _VALIDATIONS:
        causes.append(field_not_supported("fieldValidation", validation, _VALIDATIONS[:3]))
    if dry_run not in ("", "All"):
        causes.append(field_not_supported("dryRun", dry_run, ("All",)))
    manager = query.text("fieldManager")
    if len(manager) > _LONGEST_MANAGER or not manager.isprintable():
        causes.append(Cause("FieldValueInvalid", f"Invalid value: {manager!a:.150}", "fieldManager"))
    if causes:
        raise options_invalid(kind, causes)
    options = WriteOptions(user=user, manager=manager or agent_name(headers), dry_run=dry_run == "All")
    if validation in ("Strict", "Warn", "Ignore"):
        options.field_validation = validation  # type: ignore[assignment] # one of three, just seen
    return options


def patch_options(query: Query, headers: Mapping[str, str], user: User, *, is_apply: bool) -> WriteOptions:
    """As `write_options`, with what only server-side apply may and must say."""
    options = write_options("PatchOptions", query, headers, user)
    if not is_apply and query.has("force"):
        why = "may not be specified for non-apply patch"
        raise options_invalid("PatchOptions", [field_forbidden("force", why)])
    if is_apply and not query.text("fieldManager"):
        causes = [field_required("fieldManager", "is required for apply patch")]
        raise options_invalid("PatchOptions", causes)
    options.force = query.flag("force")
    return options


def agent_name(headers: Mapping[str, str]) -> str:
    """The manager that a client without one is called: its User-Agent up to the first slash."""
    name = headers.get("User-Agent", "").partition("/")[0][:_LONGEST_MANAGER]
    return "".join(c for c in name if c.isascii() and c.isprintable()) or "unknown"
