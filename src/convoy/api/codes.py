"""The codes of all problems Convoy reports, as one table.

A code never changes its meaning and is never used again for another. `docs/reference/problem-codes.md` is
generated from this table. Ranges: 01xx reading and schema, 02xx references between objects, 03xx credentials,
04xx meaning of a single object, 05xx not built yet.
"""

import enum

import msgspec


class Level(enum.StrEnum):
    """`error`: the object is refused. `warning`: it is used, but something in it has no or another effect."""

    ERROR = "error"
    WARNING = "warning"


class ProblemCode(msgspec.Struct, frozen=True):
    """A kind of problem: its number, its level and what it means in general."""

    id: str
    level: Level
    meaning: str

    def __str__(self) -> str:
        return self.id


ALL: dict[str, ProblemCode] = {}


def _error(number: int, meaning: str) -> ProblemCode:
    return _declare(number, Level.ERROR, meaning)


def _warning(number: int, meaning: str) -> ProblemCode:
    return _declare(number, Level.WARNING, meaning)


def _declare(number: int, level: Level, meaning: str) -> ProblemCode:
    code = ProblemCode(f"CVY{number:04}", level, meaning)
    if code.id in ALL:
        raise ValueError(f"{code.id} is declared twice")
    ALL[code.id] = code
    return code


YAML_SYNTAX = _error(101, "The file is not YAML or JSON that Kubernetes would read.")
UNKNOWN_FIELD = _error(102, "A field that this kind does not have.")
WRONG_TYPE = _error(103, "A value of another type than the field's.")
MISSING_FIELD = _error(104, "A required field is missing.")
UNKNOWN_VALUE = _error(105, "A value that is not among those the field allows.")
DUPLICATE_KEY = _error(106, "The same key twice in one mapping.")
NULL_ELEMENT = _error(107, "A null where an element of a list or mapping is needed.")
IGNORED_KIND = _warning(108, "An object of a kind that Convoy does not read; it is ignored.")
UNKNOWN_VERSION = _error(109, "A known kind in an apiVersion that it does not have.")
NOT_AN_OBJECT = _error(110, "A document without the apiVersion, kind or name that make it an object.")
DUPLICATE_OBJECT = _error(111, "An object in two places with different content; the first one counts.")
UNREADABLE = _error(112, "A file or folder that could not be read; what it held before stays.")
BAD_METADATA = _error(113, "Metadata that Kubernetes would refuse.")
REPEATED_OBJECT = _warning(114, "An object in two places with the same content.")

UNKNOWN_SUBSET = _error(
    201, "A subset that no DestinationRule of the host has; requests to it are answered with 503."
)
UNKNOWN_DESTINATION = _error(
    202, "A destination host that is no known service; requests to it are answered with 503."
)
UNKNOWN_PORT = _error(
    203, "A destination port that the service does not have; requests to it are answered with 503."
)
PORT_NEEDED = _warning(204, "A destination without a port, though the service has several.")
UNKNOWN_GATEWAY = _error(205, "A VirtualService names a Gateway that does not exist; it has no effect there.")
CONFLICTING_ROUTES = _warning(
    206, "Several VirtualServices for one host in sidecars; only the oldest counts."
)
UNKNOWN_ROUTED_HOST = _warning(
    207, "A VirtualService for a host that is no known service; it counts on port 80 only."
)
NO_DEFAULT_RULE = _warning(208, "Every rule has conditions; requests that meet none are answered with 404.")
NOT_HTTP = _warning(209, "HTTP rules for a service without an HTTP port; they have no effect.")
HOST_NOT_SERVED = _warning(210, "A VirtualService names a Gateway none of whose servers serves its hosts.")
UNKNOWN_DELEGATE = _error(
    211, "A rule delegates to a VirtualService that is missing, has hosts or is not exported; it is left out."
)
CONTRADICTING_DELEGATE = _warning(
    212, "A delegate's rule matches nothing that the rule which delegates does; it is left out."
)
UNMET_CONNECTION_RULES = _warning(
    213, "Rules for TLS or TCP that no connection can meet; they have no effect."
)
UNKNOWN_RULE_HOST = _warning(221, "A DestinationRule for a host that is no known service; it has no effect.")
SUBSET_WITHOUT_ENDPOINTS = _warning(222, "A subset whose labels no endpoint of the ServiceEntry has.")
SUBSETS_ALIKE = _warning(223, "Subsets of one host that differ only in case; gateways serve the first only.")
OVERRIDDEN_RULE = _warning(
    224, "DestinationRules for one host in one namespace; of what they share the oldest's counts."
)
GLOBAL_WITHOUT_TLS = _warning(
    225, "A DestinationRule for a .global host without ISTIO_MUTUAL; gateways refuse plain text."
)
DUPLICATE_SERVICE = _error(231, "A ServiceEntry for a host that exists already; the earlier one counts.")
DUPLICATE_ADDRESS = _warning(
    232, "Two services with one address; connections that are not HTTP go to the earlier one."
)
PORT_TAKEN = _warning(
    233, "A service without an address shares its port with another; only one of them gets connections."
)
PORT_PROTOCOLS_DIFFER = _warning(
    234, "Services that disagree about the protocol of a pod's port; it is found out per connection."
)
UNKNOWN_TARGET_PORT = _warning(235, "A target port by a name that a selected pod does not have.")
EXTERNAL_NAME = _warning(
    236, "A Service of type ExternalName without ports, for a name outside the mesh; it is left to DNS."
)
FOREIGN_NETWORK = _warning(237, "All endpoints are on networks that no proxy of this cluster looks at.")
NO_GATEWAY_POD = _warning(241, "A Gateway that selects no gateway pod.")
UNKNOWN_GATEWAY_PORT = _warning(242, "A server's port that no Service of the gateway has.")
SERVER_HELD_BACK = _error(243, "A server whose port serves something else already.")
SERVER_HOST_TAKEN = _error(244, "A TLS server's host that an earlier one of its port has; the first counts.")
NO_MEMBER = _warning(245, "A pod that joins a WorkloadGroup which is missing, or is for another account.")
IGNORED_POLICY = _warning(251, "A PeerAuthentication that another one or its namespace puts out of effect.")
IGNORED_SIDECAR = _warning(252, "A Sidecar that another one for the same workloads puts out of effect.")
NOTHING_IMPORTED = _warning(253, "A host that a Sidecar imports and that is no known service.")
INGRESS_TLS_UNUSED = _warning(
    254, "TLS of a Sidecar's listener at a port that speaks the mesh's mutual TLS; it has no effect."
)
BROKEN_LINK = _error(
    261, "A route to another cluster whose gateway does not let it in; requests are reset there."
)
REMOTE_ROUTES_IGNORED = _warning(
    262, "A VirtualService of the destination cluster that calls from other clusters pass by."
)

CREDENTIAL_NOT_FOUND = _error(310, "A Secret (or ConfigMap) that a server needs and that does not exist.")
CREDENTIAL_UNUSABLE = _error(311, "A Secret that holds no certificate and key that Envoy takes, or no roots.")
CREDENTIAL_MISMATCH = _error(312, "A Secret whose key does not belong to its certificate.")
CREDENTIAL_EXPIRED = _error(313, "A Secret whose certificate has expired.")
CREDENTIAL_UNREADABLE = _error(314, "A Secret or ConfigMap that the control plane may not read.")

BAD_HOST = _error(401, "A host name or wildcard host that is not valid here.")
BAD_NAME = _error(402, "A name (of an object, port, subset, account) that is not valid.")
BAD_PORT = _error(403, "A port number outside 1 to 65535, or a port that is not allowed here.")
BAD_DURATION = _error(404, "Not a duration, or one out of its range.")
BAD_REGEX = _error(405, "Not a regular expression that RE2 and Envoy accept.")
DUPLICATE_VALUE = _error(406, "The same value twice where each must be different.")
EMPTY = _error(407, "Something that must not be empty is empty.")
CONFLICT = _error(408, "Fields or values that exclude each other.")
BAD_WEIGHT = _error(409, "A weight that is not valid, or weights that add up to nothing.")
BAD_EXPORT = _error(410, "An exportTo that is not valid.")
BAD_SELECTOR = _error(411, "Labels or a selector that are not valid.")
BAD_ADDRESS = _error(412, "An address that is not valid here.")
BAD_PROTOCOL = _error(413, "A protocol that is not known.")
BAD_HEADER = _error(414, "A name that is not a header name.")
BAD_REFERENCE = _error(415, "A name of another object that is not well-formed.")
BAD_POLICY = _error(416, "A retry policy, locality or other setting that is not valid.")
BAD_NUMBER = _error(417, "A number out of its range.")
BAD_HEADER_VALUE = _error(
    418, "A header value that Envoy cannot use: control characters or a broken % variable."
)
BAD_STATUS = _error(419, "A status or method that is not known.")
BAD_PATCH = _error(420, "The value of a patch that is not the Envoy message it should be.")
NO_EFFECT = _warning(450, "Something that is allowed but has no effect.")
DEPRECATED = _warning(451, "Something that is deprecated; the text names what replaces it.")
RISKY = _warning(452, "Something that is allowed but rarely does what was meant.")
UNREACHABLE = _warning(453, "A rule or a condition that an earlier one leaves nothing to.")

NOT_BUILT_FIELD = _error(501, "A field or value of the API that Convoy does not support yet.")
NOT_BUILT_KIND = _error(502, "A kind of the API that Convoy does not support yet.")
NO_EFFECT_KIND = _warning(503, "A kind of the API that has no effect yet, and whose absence does no harm.")
BUILT_IN = _warning(504, "An object of older installations; what it is for is built in.")


def render_table() -> str:
    """The table as Markdown, for `docs/reference/problem-codes.md`."""
    rows = [f"| {code.id} | {code.level} | {code.meaning} |" for _, code in sorted(ALL.items())]
    head = [
        "# Problem codes",
        "",
        "Generated from `src/convoy/api/codes.py` by `python -m tools.problem_codes`.",
        "An error refuses the object that has it; a warning does not.",
        "",
        "| code | level | meaning |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])
