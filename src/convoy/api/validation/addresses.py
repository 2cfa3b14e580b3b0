"""Addresses that proxies bind to or send to: IP addresses, host names, and paths of sockets."""

import posixpath

from convoy.api import codes
from convoy.api.paths import quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings

UNIX = "unix://"
# Of the agent, by both of its names, and of the system, whose /proc leads everywhere. Envoy removes what
# stands at the path of a socket that it opens.
_FOREIGN_FOLDERS = (
    "/run/convoy",
    "/run/secrets",
    "/var/run/convoy",
    "/var/run/secrets",
    *("/dev", "/proc", "/sys"),
)


def check_socket_path(path: str, address: str, found: Findings) -> None:
    """`unix://` and an absolute path to a file, or `@` and a name (an abstract socket)."""
    name = address.removeprefix(UNIX)
    if name.startswith("@"):
        return
    if not posixpath.isabs(name) or name.endswith("/"):
        message = f"{quote(address)} is not an absolute path to a file."
        found.add(codes.BAD_ADDRESS, path, message, 'Write "unix:///" and the path.')
    elif _is_foreign(name):
        message = f"{quote(address)} is among the files of the proxy or of the system."
        found.add(codes.BAD_ADDRESS, path, message, "Use another folder, such as /tmp.")


def _is_foreign(name: str) -> bool:
    # Of two slashes at the start POSIX says nothing, so normpath keeps them.
    settled = "/" + posixpath.normpath(name).lstrip("/")
    return any(settled == folder or settled.startswith(f"{folder}/") for folder in _FOREIGN_FOLDERS)


def check_bind(path: str, bind: str, number: int, found: Findings) -> None:
    """Where a listener is: an IP address with a port, or a socket's path with port 0."""
    if bind.startswith(UNIX):
        check_socket_path(path, bind, found)
        if number:
            message = f"{quote(bind)} has no ports, but the listener's is {number}."
            found.add(codes.BAD_PORT, path, message, "Use port 0, or an IP address.")
        return
    if not number:
        message = (
            "0 is not a port." if not bind else f"{quote(bind)} is no socket's path, so it needs a port."
        )
        found.add(codes.BAD_PORT, path, message, "Use 1 to 65535.")
    if bind and not names.is_ip(bind):
        found.add(codes.BAD_ADDRESS, path, f"{quote(bind)} is not an IP address.", 'Use one, or "unix://".')


def check_subnet(path: str, subnet: str, found: Findings) -> None:
    """An IP address, or a network such as `10.1.0.0/16`."""
    if not names.is_ip(subnet) and not names.is_cidr(subnet):
        message = f"{quote(subnet)} is neither an address nor a network."
        found.add(codes.BAD_ADDRESS, path, message, 'Write one such as "10.1.0.0/16".')
