"""What a cluster's API server checks of the Istio kinds by itself: CEL rules and sizes, by struct and field.

Validation says the same in better words, and is asked first; these hold while it is away. The sizes are those
of Istio's definitions: the API server estimates what a rule costs at most, and refuses definitions that are
too dear. Numbers and durations come from `validation.limits`.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from collections.abc import Mapping
from typing import Any

from convoy.api.validation.limits import LIMITS, Number

Schema = dict[str, Any]

_RULES = "x-kubernetes-validations"


def _rules(*rules: tuple[str, str]) -> Schema:
    return {_RULES: [{"rule": rule, "message": message} for rule, message in rules]}


_NO_WILDCARD = ('!self.contains("*")', "labels are compared as they are: no wildcards")
_KEYS = (
    ('self.all(key, key.size() > 0 && !key.contains("*"))', "label keys are not empty and have no wildcards"),
)
_UNIX = 'self.address.startsWith("unix://")'
_PORT_NAME = "^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"
_TLS_SOURCES = "[has(self.credentialName), has(self.credentialNames), has(self.tlsCertificates)]"

# Of a struct, wherever it stands.
BY_STRUCT: Mapping[str, Schema] = {
    "ServiceEntrySpec": _rules(
        (
            "!has(self.workloadSelector) || !has(self.endpoints) || size(self.endpoints) == 0",
            "workloadSelector and endpoints exclude each other",
        ),
        (
            '!has(self.addresses) || !has(self.resolution) || self.resolution in ["NONE", "STATIC"]'
            ' || self.addresses.all(address, !address.contains("/"))',
            "networks as addresses go with resolution NONE and STATIC only",
        ),
        (
            '(has(self.resolution) && self.resolution != "NONE") || !has(self.endpoints)'
            " || size(self.endpoints) == 0",
            "resolution NONE has no endpoints",
        ),
        (
            '!has(self.resolution) || self.resolution != "DNS_ROUND_ROBIN" || !has(self.endpoints)'
            " || size(self.endpoints) <= 1",
            "resolution DNS_ROUND_ROBIN has one endpoint at most",
        ),
    ),
    "WorkloadEntrySpec": _rules(
        (f"!has(self.address) || !{_UNIX} || !has(self.ports)", "a socket has no ports"),
    ),
    "PeerAuthenticationSpec": _rules(
        (
            "!has(self.portLevelMtls) || size(self.portLevelMtls) == 0"
            " || (has(self.selector) && has(self.selector.matchLabels)"
            " && size(self.selector.matchLabels) > 0)",
            "portLevelMtls needs a selector",
        ),
    ),
    "ServerTlsSettings": _rules(
        (
            f"{_TLS_SOURCES}.filter(given, given).size() <= 1",
            "credentialName, credentialNames and tlsCertificates exclude each other",
        ),
    ),
    "EnvoyFilterSpec": _rules(
        (
            "!has(self.workloadSelector) || !has(self.targetRefs) || size(self.targetRefs) == 0",
            "workloadSelector and targetRefs exclude each other",
        ),
    ),
    "ObjectMatch": _rules(
        (
            '(has(self.context) && self.context == "WAYPOINT") == has(self.waypoint)',
            "waypoint goes with the context WAYPOINT, and only with it",
        ),
    ),
}

# Of a field.
BY_FIELD: Mapping[tuple[str, str], Schema] = {
    ("ServiceEntrySpec", "hosts"): {"minItems": 1, "maxItems": 256},
    ("ServiceEntrySpec", "addresses"): {"maxItems": 256},
    ("ServiceEntrySpec", "endpoints"): {"maxItems": 4096},
    ("ServiceEntrySpec", "ports"): {
        "maxItems": 256,
        **_rules(
            (
                "self.all(one, self.exists_one(other, one.number == other.number))",
                "no port number is used twice",
            )
        ),
    },
    ("WorkloadEntrySpec", "address"): {
        "maxLength": 256,
        **_rules(
            (
                '!self.startsWith("unix://") || self.startsWith("unix:///") || self.startsWith("unix://@")',
                "a socket has an absolute path, or a name after @",
            ),
            ('!self.startsWith("unix://") || !self.endsWith("/")', "a socket is not a folder"),
        ),
    },
    ("WorkloadEntrySpec", "ports"): {
        "maxProperties": 128,
        **_rules((f'self.all(name, size(name) < 64 && name.matches("{_PORT_NAME}"))', "not a port name")),
    },
    ("WorkloadEntrySpec", "labels"): {"maxProperties": 256},
    ("PeerAuthenticationSpec", "portLevelMtls"): {
        "minProperties": 1,
        **_rules(
            (
                'self.all(port, port.matches("^[0-9]{1,5}$") && 0 < int(port) && int(port) <= 65535)',
                "ports are 1 to 65535",
            )
        ),
    },
    ("LabelsSelector", "labels"): {"maxProperties": 256},
    ("ProxyProtocol", "version"): {"enum": ["V1", "V2"]},
    ("WorkloadSelector", "matchLabels"): {"maxProperties": 4096, **_rules(*_KEYS)},
    ("ServerTlsSettings", "credentialNames"): {"minItems": 1, "maxItems": 2},
    ("ServerTlsSettings", "tlsCertificates"): {"minItems": 1, "maxItems": 2},
    ("EnvoyFilterSpec", "targetRefs"): {"maxItems": 16},
    ("TargetReference", "namespace"): _rules(("self.size() == 0", "only the own namespace counts")),
}

# Of what a list or mapping holds.
BY_ELEMENT: Mapping[tuple[str, str], Schema] = {
    ("ServiceEntrySpec", "hosts"): _rules(('self != "*"', "* alone stands for everything")),
    ("ServiceEntrySpec", "addresses"): {"maxLength": 64},
    ("ServiceEntrySpec", "endpoints"): _rules(
        ("has(self.address) || has(self.network)", "an endpoint has an address or a network")
    ),
    ("LabelsSelector", "labels"): {"maxLength": 63, **_rules(_NO_WILDCARD)},
    ("WorkloadSelector", "matchLabels"): {"maxLength": 63, **_rules(_NO_WILDCARD)},
}
# Of the spec of a kind.
BY_KIND: Mapping[str, Schema] = {
    "WorkloadEntry": _rules(("has(self.address) || has(self.network)", "it has an address or a network")),
}


def constrain_field(struct: str, field: str, schema: Schema) -> Schema:
    """A field's schema with what is checked of it and of what it holds."""
    schema = merge(schema, BY_FIELD.get((struct, field), {}))
    within = {**BY_ELEMENT.get((struct, field), {}), **_limit(struct, field)}
    if "items" in schema:
        return {**schema, "items": merge(schema["items"], within)}
    if isinstance(inner := schema.get("additionalProperties"), dict):
        return {**schema, "additionalProperties": merge(inner, within)}
    return merge(schema, within)


def merge(schema: Schema, more: Schema) -> Schema:
    """Both; rules of both hold."""
    rules = [*schema.get(_RULES, ()), *more.get(_RULES, ())]
    return {**schema, **more, **({_RULES: rules} if rules else {})}


def _limit(struct: str, field: str) -> Schema:
    limit = LIMITS.get((struct, field))
    if isinstance(limit, Number):
        most = {} if limit.most is None else {"maximum": limit.most}
        return {"minimum": limit.least, **most}
    if limit is not None and limit.least:
        return _rules(('duration(self) >= duration("1ms")', "not a duration of a millisecond or more"))
    return {}
