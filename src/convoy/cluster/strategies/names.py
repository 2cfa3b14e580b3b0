"""What names, labels and keys may look like, and the words in which Kubernetes says that one does not.

Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and `labels`, `annotations`
beside it. The wording is what users and scripts know from a real API server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from convoy.cluster.machinery.statuses import Cause, field_invalid


@dataclass(frozen=True, slots=True)
class NameRule:
    """A form that a name must have, at most `longest` characters of it."""

    pattern: re.Pattern[str]
    longest: int
    says: str


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"


def _rule(pattern: str, longest: int, says: str, examples: str) -> NameRule:
    text = f"{says} (e.g. {examples}, regex used for validation is '{pattern}')"
    return NameRule(re.compile(pattern), longest, text)


DNS_LABEL = _rule(
    _LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character",
    "'my-name',  or '123-abc'",
)
DNS_SUBDOMAIN = _rule(
    _SUBDOMAIN,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character",
    "'example.com'",
)
DNS_LABEL_1035 = _rule(
    _LABEL_1035,
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character",
    "'my-name',  or 'abc-123'",
)
QUALIFIED_NAME = _rule(
    _QUALIFIED,
    63,
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character",
    "'MyName',  or 'my.name',  or '123-abc'",
)
LABEL_VALUE = _rule(
    _LABEL_VALUE,
    63,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character",
    "'MyValue',  or 'my_value',  or '12345'",
)
CONFIG_KEY = _rule(
    _CONFIG_KEY,
    253,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "'key.name',  or 'KEY_NAME',  or 'key-name'",
)


def broken_rules(text: str, rule: NameRule) -> list[str]:
    """What is wrong with `text`, in sentences without the value; empty when nothing is."""
    said = []
    if len(text) > rule.longest:
        said.append(f"must be no more than {rule.longest} characters")
    if not rule.pattern.fullmatch(text):
        said.append(rule.says)
    return said


def check_name(path: str, text: str, rule: NameRule) -> list[Cause]:
    """Causes for a name that breaks `rule`."""
    return [field_invalid(path, f'"{text}"', said) for said in broken_rules(text, rule)]


def check_qualified(path: str, text: str) -> list[Cause]:
    """A label's or an annotation's key: an optional DNS subdomain and `/`, then a name."""
    prefix, slash, name = text.rpartition("/")
    if slash and "/" in prefix:
        return [field_invalid(path, f'"{text}"', "a qualified name has at most one '/'")]
    said = [f"prefix part {words}" for words in broken_rules(prefix, DNS_SUBDOMAIN)] if slash else []
    if not name:
        return [field_invalid(path, f'"{text}"', "name part must be non-empty")]
    said += broken_rules(name, QUALIFIED_NAME)
    return [field_invalid(path, f'"{text}"', words) for words in said]


def check_labels(path: str, labels: Mapping[str, object]) -> list[Cause]:
    """Keys and values of labels."""
    causes: list[Cause] = []
    for key, value in labels.items():
        causes += check_qualified(path, key)
        if isinstance(value, str):
            causes += check_name(path, value, LABEL_VALUE)
    return causes
