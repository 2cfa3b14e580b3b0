"""What a Sidecar imports: hosts by namespace."""

from collections.abc import Sequence

from convoy.api import codes
from convoy.api.paths import item_path, quote
from convoy.api.validation.finding import Findings
from convoy.api.validation.scoped_hosts import check_scoped_host

EVERYTHING = ("*", "*")


def check_imports(path: str, hosts: Sequence[str], own: str, found: Findings) -> None:
    """At least one, each well-formed; those that others contain are warned of. `.` is the namespace `own`."""
    found.check_not_empty(path, hosts, 'Add a host, such as "./*" or "istio-system/*".')
    earlier: set[tuple[str, str]] = set()
    for i, text in enumerate(hosts):
        here = item_path(path, i)
        namespace, slash, host = text.partition("/")
        if slash and not namespace.startswith("~"):
            scope = (own if namespace == "." else namespace, host)
            _check_repeated(here, text, scope, earlier, found)
            earlier.add(scope)
        if not slash:
            message = f"{quote(text)} has no namespace."
            found.add(codes.BAD_HOST, here, message, 'Write "namespace/host"; "*" stands for all of either.')
        else:
            check_scoped_host(here, text, found, at_gateway=False)
    if EVERYTHING in earlier and len({namespace for namespace, _ in earlier}) > 1:
        message = '"*/*" stands for everything, so the others add nothing.'
        found.add(codes.NO_EFFECT, path, message, "Keep that one alone.")


def _check_repeated(
    path: str, text: str, scope: tuple[str, str], earlier: set[tuple[str, str]], found: Findings
) -> None:
    namespace, host = scope
    of_namespace = {other for where, other in earlier if where == namespace}
    if host in of_namespace or "*" in of_namespace or (host == "*" and of_namespace):
        message = f"{quote(text)} is imported twice."
        found.add(codes.NO_EFFECT, path, message, "Remove the narrower one.")
