"""What some rules allow and others do not.

A rule may be covered by several others together, so it is taken apart into the smallest ones: one verb on
one resource. Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from convoy.cluster.apiserver.auth.rules import Rule

EVERYTHING = (
    Rule(frozenset({"*"}), frozenset({"*"}), frozenset({"*"})),
    Rule(frozenset({"*"}), paths=("*",)),
)
_MOST_PARTS = 20_000

_Subject = tuple[str, str, str, str]  # group, resource, name, path


class TooManyError(Exception):
    """Rules that are too many to compare."""


def find_uncovered(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What is left of `wanted`, one rule per resource or path, sorted; raises TooManyError."""
    left: dict[_Subject, set[str]] = {}
    for rule in wanted:
        if any(each.covers(rule) for each in held):
            continue
        for count, (subject, verb) in enumerate(_parts(rule)):
            if count >= _MOST_PARTS:
                raise TooManyError
            part = _rule(subject, {verb})
            if not any(each.covers(part) for each in held):
                left.setdefault(subject, set()).add(verb)
    return [_rule(subject, verbs) for subject, verbs in sorted(left.items())]


def _parts(rule: Rule) -> Iterator[tuple[_Subject, str]]:
    for path, verb in itertools.product(rule.paths, sorted(rule.verbs)):
        yield ("", "", "", path), verb
    names = sorted(rule.names) or [""]
    groups, resources = sorted(rule.groups), sorted(rule.resources)
    for group, resource, name, verb in itertools.product(groups, resources, names, sorted(rule.verbs)):
        yield (group, resource, name, ""), verb


def _rule(subject: _Subject, verbs: set[str]) -> Rule:
    group, resource, name, path = subject
    if path:
        return Rule(frozenset(verbs), paths=(path,))
    names = frozenset({name}) if name else frozenset[str]()
    return Rule(frozenset(verbs), frozenset({group}), frozenset({resource}), names)
