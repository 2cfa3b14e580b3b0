"""The variables of Envoy's format strings, as values of headers may have them: `%NAME%`, `%NAME(X):5%`.

Found out from Envoy itself: each stands here as the stock one accepts it, and a test asks it again.
https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators

What reads the environment or files of the proxy's container is left out, although Envoy takes it: rules are
written by others than those whose proxies follow them, such as a shared gateway or the callers of a host.
"""

import re

# Without arguments.
PLAIN = frozenset(
    [
        "BYTES_RECEIVED",
        "BYTES_RETRANSMITTED",
        "BYTES_SENT",
        "CONNECTION_ID",
        "CONNECTION_TERMINATION_DETAILS",
        "CUSTOM_FLAGS",
        "DOWNSTREAM_CX_RTT",
        "DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED",
        "DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT",
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID",
        "DOWNSTREAM_DIRECT_LOCAL_PORT",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
        "DOWNSTREAM_DIRECT_REMOTE_PORT",
        "DOWNSTREAM_HANDSHAKE_DURATION",
        "DOWNSTREAM_HEADER_BYTES_RECEIVED",
        "DOWNSTREAM_HEADER_BYTES_SENT",
        "DOWNSTREAM_LOCAL_ADDRESS",
        "DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID",
        "DOWNSTREAM_LOCAL_CLOSE_REASON",
        "DOWNSTREAM_LOCAL_DNS_SAN",
        "DOWNSTREAM_LOCAL_EMAIL_SAN",
        "DOWNSTREAM_LOCAL_IP_SAN",
        "DOWNSTREAM_LOCAL_OTHERNAME_SAN",
        "DOWNSTREAM_LOCAL_PORT",
        "DOWNSTREAM_LOCAL_SUBJECT",
        "DOWNSTREAM_LOCAL_URI_SAN",
        "DOWNSTREAM_PEER_CERT",
        "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1",
        "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
        "DOWNSTREAM_PEER_CHAIN_SERIALS",
        "DOWNSTREAM_PEER_DNS_SAN",
        "DOWNSTREAM_PEER_EMAIL_SAN",
        "DOWNSTREAM_PEER_FINGERPRINT_1",
        "DOWNSTREAM_PEER_FINGERPRINT_256",
        "DOWNSTREAM_PEER_IP_SAN",
        "DOWNSTREAM_PEER_ISSUER",
        "DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256",
        "DOWNSTREAM_PEER_ISSUER_SERIAL",
        "DOWNSTREAM_PEER_OTHERNAME_SAN",
        "DOWNSTREAM_PEER_SERIAL",
        "DOWNSTREAM_PEER_SUBJECT",
        "DOWNSTREAM_PEER_URI_SAN",
        "DOWNSTREAM_REMOTE_ADDRESS",
        "DOWNSTREAM_REMOTE_PORT",
        "DOWNSTREAM_TLS_CIPHER",
        "DOWNSTREAM_TLS_GROUP",
        "DOWNSTREAM_TLS_SESSION_ID",
        "DOWNSTREAM_TLS_VERSION",
        "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
        "DOWNSTREAM_WIRE_BYTES_RECEIVED",
        "DOWNSTREAM_WIRE_BYTES_SENT",
        "DURATION",
        "GRPC_STATUS_NUMBER",
        "HOSTNAME",
        "LISTENER_NAME",
        "PROTOCOL",
        "REQUESTED_SERVER_NAME",
        "REQUEST_DURATION",
        "REQUEST_HEADERS_BYTES",
        "REQUEST_TX_DURATION",
        "RESPONSE_CODE",
        "RESPONSE_DURATION",
        "RESPONSE_FLAGS",
        "RESPONSE_FLAGS_LONG",
        "RESPONSE_HEADERS_BYTES",
        "RESPONSE_TRAILERS_BYTES",
        "RESPONSE_TX_DURATION",
        "ROUTE_NAME",
        "ROUTE_RESOLUTION_COUNT",
        "ROUTE_RESOLUTION_TIME_US",
        "SPAN_ID",
        "STREAM_ID",
        "TLS_JA3_FINGERPRINT",
        "TLS_JA4_FINGERPRINT",
        "TRACE_ID",
        "UNIQUE_ID",
        "UPSTREAM_CLUSTER",
        "UPSTREAM_CLUSTER_RAW",
        "UPSTREAM_CONNECTION_ID",
        "UPSTREAM_CONNECTION_IDS_ATTEMPTED",
        "UPSTREAM_CONNECTION_POOL_READY_DURATION",
        "UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED",
        "UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT",
        "UPSTREAM_HEADER_BYTES_RECEIVED",
        "UPSTREAM_HEADER_BYTES_SENT",
        "UPSTREAM_HOST",
        "UPSTREAM_HOSTS_ATTEMPTED",
        "UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT",
        "UPSTREAM_HOST_NAME",
        "UPSTREAM_HOST_NAMES_ATTEMPTED",
        "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT",
        "UPSTREAM_HOST_NAME_WITHOUT_PORT",
        "UPSTREAM_LOCAL_ADDRESS",
        "UPSTREAM_LOCAL_CLOSE_REASON",
        "UPSTREAM_LOCAL_DNS_SAN",
        "UPSTREAM_LOCAL_IP_SAN",
        "UPSTREAM_LOCAL_PORT",
        "UPSTREAM_LOCAL_URI_SAN",
        "UPSTREAM_PEER_CERT",
        "UPSTREAM_PEER_DNS_SAN",
        "UPSTREAM_PEER_IP_SAN",
        "UPSTREAM_PEER_ISSUER",
        "UPSTREAM_PEER_SUBJECT",
        "UPSTREAM_PEER_URI_SAN",
        "UPSTREAM_PROTOCOL",
        "UPSTREAM_REMOTE_ADDRESS",
        "UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID",
        "UPSTREAM_REMOTE_PORT",
        "UPSTREAM_REQUEST_ATTEMPT_COUNT",
        "UPSTREAM_SERVER_NAME",
        "UPSTREAM_TLS_CIPHER",
        "UPSTREAM_TLS_GROUP",
        "UPSTREAM_TLS_SESSION_ID",
        "UPSTREAM_TLS_VERSION",
        "UPSTREAM_TRANSPORT_FAILURE_REASON",
        "UPSTREAM_WIRE_BYTES_RECEIVED",
        "UPSTREAM_WIRE_BYTES_SENT",
        "VIRTUAL_CLUSTER_NAME",
    ]
)
# With or without arguments, which may be anything.
OPTIONAL = frozenset(
    [
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_PEER_CERT_V_END",
        "DOWNSTREAM_PEER_CERT_V_START",
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "EMIT_TIME",
        "EMIT_TIME_LOCAL",
        "RESPONSE_CODE_DETAILS",
        "START_TIME",
        "START_TIME_LOCAL",
        "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
        "UPSTREAM_PEER_CERT_V_END",
        "UPSTREAM_PEER_CERT_V_START",
        "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    ]
)

_HEADER = r":?[!#$&'*+\-.^_`|~0-9A-Za-z%]+"
_HEADERS = re.compile(rf"(?:{_HEADER})?(?:\?(?:{_HEADER})?)?")
_STATE = re.compile(r"[^:()]+(?::(?:PLAIN|TYPED|FIELD:[^:()]+))?")
_ANYTHING = re.compile(r".+", re.DOTALL)
# With arguments of a certain form; an empty one stands for none.
WITH_ARGUMENTS = {
    "CEL": _ANYTHING,
    "CLUSTER_METADATA": _ANYTHING,
    "COALESCE": _ANYTHING,
    "COMMON_DURATION": _ANYTHING,
    "DYNAMIC_METADATA": _ANYTHING,
    "FILTER_STATE": _STATE,
    "GRPC_STATUS": re.compile("(CAMEL_STRING|SNAKE_STRING|NUMBER)?"),
    "METADATA": re.compile(r"(DYNAMIC|CLUSTER|ROUTE|UPSTREAM_HOST|LISTENER|VIRTUAL_HOST):.+"),
    "PATH": re.compile(r"((WQ|NQ)(:(PATH|ORIG|ORIG_OR_PATH))?)?"),
    "PER_REQUEST_STATE": _STATE,
    "QUERY_PARAM": _ANYTHING,
    "QUERY_PARAMS": re.compile("(ORIG|DECODED)?"),
    "REQ": _HEADERS,
    "RESP": _HEADERS,
    "TRAILER": _HEADERS,
    "UPSTREAM_FILTER_STATE": _STATE,
    "UPSTREAM_METADATA": _ANYTHING,
}
# With arguments and the greatest length after a colon.
WITH_LENGTH = frozenset(("DYNAMIC_METADATA", "FILTER_STATE", "QUERY_PARAM", "REQ", "RESP", "TRAILER"))
_PRIVATE = ("ENVIRONMENT", "FILE_CONTENT")
# At the start of a format string's `%`: the two signs of one, or a variable.
_VARIABLE = re.compile(
    r"%(?:%|([A-Z][A-Z0-9_]*)(?:\(((?:[^()]|\([^()]*\))*)\))?(?::([0-9]{1,9}))?%)", re.DOTALL
)


def find_fault(value: str) -> str:
    """What Envoy would refuse in a format string, as the end of a sentence; empty when it is fine."""
    position = value.find("%")
    while position >= 0:
        match = _VARIABLE.match(value, position)
        if match is None:
            return f"has a broken variable at character {position + 1}"
        name, arguments, length = match.groups()
        if name and (fault := _fault(name, arguments or "", length)):
            return fault
        position = value.find("%", match.end())
    return ""


def _fault(name: str, arguments: str, length: str | None) -> str:
    # COALESCE names others within JSON, where a backslash would spell them in another way.
    if name in _PRIVATE or (name == "COALESCE" and any(each in arguments for each in (*_PRIVATE, "\\"))):
        return f"has {name} read what is the proxy's own"
    if name not in PLAIN and name not in OPTIONAL and name not in WITH_ARGUMENTS:
        return f"names {name}, which is no variable of Envoy"
    if name in PLAIN and arguments:
        return f"gives arguments to {name}, which has none"
    if name in WITH_ARGUMENTS and not WITH_ARGUMENTS[name].fullmatch(arguments):
        return f"has other arguments for {name} than it takes"
    if name in ("REQ", "RESP", "TRAILER") and not arguments:
        return f"has no arguments for {name}"
    if length is not None and name not in WITH_LENGTH:
        return f"gives a length to {name}, which has none"
    return ""
