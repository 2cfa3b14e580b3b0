"""Hosts with the namespace they are looked for in: `namespace/host`, of Gateways and Sidecars."""

from convoy.api import codes
from convoy.api.paths import quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings


def check_scoped_host(path: str, text: str, found: Findings, *, at_gateway: bool) -> None:
    """A host of a Gateway, whose namespace may be missing, or of a Sidecar, which may exclude one (`~ns`)."""
    namespace, slash, host = text.partition("/")
    if not slash:
        host = text
    if slash or not at_gateway:
        _check_namespace(path, namespace if slash else "", found, at_gateway=at_gateway)
    if host == "*":
        return
    if at_gateway and names.is_ip(host):
        return
    found.check_host(path, host, wildcard=True)
    if names.is_partial_wildcard(host) and names.is_domain(host):
        message = f"{quote(host)} stands for a part of a label."
        found.add(codes.BAD_HOST, path, message, 'Use "*.example.com".')
    elif names.is_domain(host) and "." not in host:
        message = f"{quote(host)} is a short name."
        remedy = "Write the full host name: nothing is added to it here."
        found.add(codes.BAD_HOST, path, message, remedy)


def _check_namespace(path: str, namespace: str, found: Findings, *, at_gateway: bool) -> None:
    name = namespace if at_gateway else namespace.removeprefix("~")
    if name in ("*", ".") or names.is_host_label(name) or (namespace == "~" and not at_gateway):
        return
    message = f"{quote(namespace)} is not a namespace."
    found.add(codes.BAD_HOST, path, message, 'Before the slash write a namespace, "." or "*".')
