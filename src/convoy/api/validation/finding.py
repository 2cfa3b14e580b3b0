"""Collects what a validator finds, and the checks that validators of several kinds share."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

import re2

from convoy.api import codes
from convoy.api.codes import ProblemCode
from convoy.api.durations import parse_duration
from convoy.api.paths import child_path, item_path, quote
from convoy.api.problems import Problem
from convoy.api.validation import names

MILLISECOND = timedelta(milliseconds=1)
LONGEST_REGEX = 1024
# Envoy counts a pattern's compiled instructions and refuses more than `re2.max_program_size.error_level`. The
# agent's bootstrap sets that to the same number; Envoy's default of 100 refuses patterns people do write.
LARGEST_REGEX_PROGRAM = 32768


class Findings:
    """Problems of one object, in the order found; each `check_` adds at most what its name says."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, code: ProblemCode, field: str, message: str, remedy: str = "") -> None:
        """One problem."""
        self.problems.append(Problem(code=code, field=field, message=message, remedy=remedy))

    def check_port(self, field: str, number: int | None) -> None:
        """1 to 65535, where given."""
        if number is not None and not 1 <= number <= 65535:
            self.add(codes.BAD_PORT, field, f"{number} is not a port.", "Use 1 to 65535.")

    def check_host(self, field: str, host: str, *, wildcard: bool = False, bare: bool = False) -> None:
        """A host name; with `wildcard` also `*.example.com`, with `bare` also `*` alone."""
        if names.is_fqdn(host) or (wildcard and host != "*" and names.is_domain(host)):
            return
        if host == "*" and bare:
            return
        form = 'A host is labels of letters, digits and "-", joined by dots'
        more = ', and may begin with "*."' if wildcard else ""
        self.add(codes.BAD_HOST, field, f"{quote(host)} is not a host name.", f"{form}{more}.")

    def check_duration(
        self,
        field: str,
        text: str | None,
        *,
        at_least: timedelta = MILLISECOND,
        at_most: timedelta | None = None,
        is_whole: bool = True,
    ) -> None:
        """A duration within bounds, where given, and of whole milliseconds unless `is_whole` is false."""
        if text is None:
            return
        try:
            duration = parse_duration(text)
        except ValueError:
            remedy = 'Write a number and a unit, such as "2s" or "100ms".'
            self.add(codes.BAD_DURATION, field, f"{quote(text)} is not a duration.", remedy)
            return
        if duration < timedelta():
            self.add(codes.BAD_DURATION, field, f"{quote(text)} is negative.", "Use a time that can pass.")
        elif duration < at_least:
            remedy = "Leave the field out to have none."
            self.add(codes.BAD_DURATION, field, f"{quote(text)} is less than 1ms.", remedy)
        elif at_most is not None and duration > at_most:
            self.add(codes.BAD_DURATION, field, f"{quote(text)} is more than {at_most}.", "Use less.")
        elif is_whole and duration % MILLISECOND:
            message = f"{quote(text)} is not a whole number of milliseconds."
            self.add(codes.BAD_DURATION, field, message, "Round it.")

    def check_regex(self, field: str, pattern: str) -> None:
        """RE2 compiles it, it is not empty, and not larger than Envoy allows."""
        if not pattern:
            self.add(codes.BAD_REGEX, field, "is empty.", 'Use ".*" to match everything.')
        elif len(pattern.encode()) > LONGEST_REGEX:
            self.add(codes.BAD_REGEX, field, f"is longer than {LONGEST_REGEX} bytes.", "Shorten it.")
        elif reason := _regex_fault(pattern):
            message = f"{quote(pattern)} is not a regular expression Envoy takes: {reason}."
            self.add(codes.BAD_REGEX, field, message, "It must be RE2 (no look-arounds) and not too complex.")

    def check_substitution(self, field: str, pattern: str, replacement: str) -> None:
        """Its backslashes name groups that the pattern has, as RE2 wants it."""
        groups = _groups(pattern)
        for escaped in re.findall(r"\\(.?)", replacement, re.DOTALL):
            if escaped == "\\" or (escaped.isdigit() and groups is not None and int(escaped) <= groups):
                continue
            if escaped.isdigit() and groups is None:
                continue
            message = f"{quote(replacement)} refers to a group that the pattern does not have."
            if not escaped.isdigit():
                message = f"{quote(replacement)} has a backslash before something that is no group."
            self.add(codes.BAD_REGEX, field, message, r"Write \\1 for the first group, \\\\ for a backslash.")
            return

    def check_header_text(self, field: str, text: str) -> None:
        """What becomes a part of a request's or response's head has no line breaks."""
        if any(char in text for char in "\0\r\n"):
            self.add(codes.BAD_HEADER_VALUE, field, f"{quote(text)} has line breaks.", "Remove them.")

    def check_labels(self, field: str, labels: Mapping[str, str]) -> None:
        """Label keys and values as Kubernetes has them."""
        for key, value in labels.items():
            path = child_path(field, key)
            if not names.is_label_key(key):
                remedy = 'Use a name such as "app", or "example.com/app".'
                self.add(codes.BAD_SELECTOR, path, f"{quote(key)} is not a label key.", remedy)
            if not names.is_label_value(value):
                remedy = 'Use up to 63 letters, digits, "-", "_" and ".".'
                self.add(codes.BAD_SELECTOR, path, f"{quote(value)} is not a label value.", remedy)

    def check_export_to(
        self, field: str, targets: Collection[str], *, own: str = "", may_be_none: bool = False
    ) -> None:
        """`.`, `*` or namespaces, none twice (`.` is the namespace `own`), `*` alone.

        With `may_be_none` also `~`, which means nobody, alone.
        """
        special = (".", "*", "~") if may_be_none else (".", "*")
        first: dict[str, int] = {}
        for i, target in enumerate(targets):
            here = item_path(field, i)
            place = first.setdefault(own if target == "." else target, i)
            if place != i:
                message = f"{quote(target)} is used twice; {item_path(field, place)} has it, too."
                self.add(codes.DUPLICATE_VALUE, here, message, "Remove or rename one of them.")
            if target not in special and not names.is_host_label(target):
                remedy = f"Use {', '.join(map(quote, special))} or the name of a namespace."
                self.add(codes.BAD_EXPORT, here, f"{quote(target)} is not a namespace.", remedy)
            elif target in ("*", "~") and len(set(targets)) > 1:
                self.add(codes.BAD_EXPORT, here, f'"{target}" stands beside others.', "Use it alone.")

    def check_unique(self, field: str, values: Iterable[str | int], *, member: str = "") -> None:
        """No value twice; `member` is the field within each list element that holds the value."""
        first: dict[str | int, int] = {}
        for i, value in enumerate(values):
            if value in first:
                path = f"{item_path(field, i)}.{member}" if member else item_path(field, i)
                message = f"{quote(value)} is used twice; {item_path(field, first[value])} has it, too."
                self.add(codes.DUPLICATE_VALUE, path, message, "Remove or rename one of them.")
            first.setdefault(value, i)

    def check_not_empty(self, field: str, value: object, remedy: str) -> None:
        """Something must be there."""
        if not value:
            self.add(codes.EMPTY, field, "is empty or missing.", remedy)


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    # As Envoy compiles it: bytes, not characters (the sizes it reports agree with this only).
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern.encode(), options)


def _groups(pattern: str) -> int | None:
    try:
        return int(_compiled(pattern).groups)
    except re2.error:
        return None


def _regex_fault(pattern: str) -> str:
    try:
        compiled = _compiled(pattern)
    except re2.error as e:
        reason = e.args[0]
        return quote(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)).strip('"')
    if compiled.programsize > LARGEST_REGEX_PROGRAM:
        return f"it compiles to {compiled.programsize} instructions, but Envoy takes {LARGEST_REGEX_PROGRAM}"
    return ""
