"""What names may look like: DNS labels, host names, label keys, header names. Predicates without opinions.

Rules: RFC 1123 and 1035, Kubernetes' label syntax, RFC 9110 tokens. Istio allows upper case in host names.
"""

import ipaddress
import re

_WILDCARD_LABEL = re.compile(r"\*|(\*-?)?[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?")
_HOST_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def is_label(name: str) -> bool:
    """A DNS label in lower case (RFC 1123), up to 63 characters."""
    return bool(_LABEL.fullmatch(name))


def is_label_1035(name: str) -> bool:
    """A DNS label in lower case that starts with a letter (RFC 1035)."""
    return bool(_LABEL_1035.fullmatch(name))


def is_host_label(name: str) -> bool:
    """A DNS label, in upper or lower case."""
    return bool(_HOST_LABEL.fullmatch(name))


def is_subdomain(name: str) -> bool:
    """Labels in lower case, joined by dots, up to 253 characters: what most Kubernetes names must be."""
    return len(name) <= 253 and all(is_label(part) for part in name.split("."))


def is_fqdn(host: str) -> bool:
    """A host name, short or long: valid labels, the last one not all digits (that would be an address).

    A dot may end it, as in DNS.
    """
    labels = host.removesuffix(".").split(".")
    return len(host) <= 255 and all(map(is_host_label, labels)) and not host.rpartition(".")[2].isdigit()


def is_domain(host: str) -> bool:
    """A host name or wildcard, as Istio has it: the first label may be `*`, `*-foo` or `*foo`."""
    first, dot, rest = host.partition(".")
    if len(host) > 255 or not _WILDCARD_LABEL.fullmatch(first) or len(first) > 63:
        return False
    return not dot or rest == "" or is_fqdn(rest)


def is_wildcard(host: str) -> bool:
    """`*`, `*.example.com`, `*-foo.example.com` or `*foo.example.com`."""
    return host.startswith("*") and is_domain(host)


def is_partial_wildcard(host: str) -> bool:
    """`*-foo.example.com`: a wildcard for a part of a label."""
    return host.startswith("*") and host != "*" and not host.startswith("*.")


def is_cluster_sni(host: str) -> bool:
    """`outbound_.80_._.reviews.example.com`: the SNI by which one cluster calls a service of another."""
    parts = host.split("_")
    if len(parts) < 4 or parts[0] != "outbound" or len(host) > 255:
        return False
    port, name = parts[1].strip("."), parts[3].strip(".")
    return any(char.isdigit() for char in port) and any(char.isalpha() for char in name)


def covers(pattern: str, host: str) -> bool:
    """Whether a host or wildcard stands for every name that another one stands for."""
    pattern, host = pattern.lower(), host.lower()
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


def is_ip(address: str) -> bool:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return "%" not in address


def is_cidr(text: str) -> bool:
    """An address with a prefix length."""
    address, _, length = text.partition("/")
    if not length.isdecimal() or not is_ip(address):
        return False
    return int(length[:4]) <= ipaddress.ip_address(address).max_prefixlen


def is_label_key(key: str) -> bool:
    """A label's or annotation's key: a name, or a DNS subdomain, a slash and a name."""
    prefix, slash, name = key.rpartition("/")
    return (not slash or is_subdomain(prefix)) and name != "" and bool(_LABEL_VALUE.fullmatch(name))


def is_label_value(value: str) -> bool:
    """A label's value: empty, or up to 63 letters, digits, `-`, `_` and `.`, ends alphanumeric."""
    return bool(_LABEL_VALUE.fullmatch(value))


def is_strict_header_name(name: str) -> bool:
    """A header name as Kubernetes' probes have it: letters, digits, `-` and `_`."""
    return bool(name) and name.replace("-", "a").replace("_", "a").isalnum() and name.isascii()


def is_header_name(name: str) -> bool:
    """A token (RFC 9110), or a pseudo header such as `:method`."""
    return bool(_TOKEN.fullmatch(name.removeprefix(":")))
