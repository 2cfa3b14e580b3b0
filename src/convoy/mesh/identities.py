"""SPIFFE identities: who a workload is, and which servers a caller accepts for a service.

An empty list of accepted identities would mean "anyone whose certificate our root signed", so there is none:
where no account is known, the accounts of the service's namespace are accepted, as a URI prefix.
"""

from collections.abc import Iterable

from convoy.mesh.model import Part, Service
from convoy.mesh.short_names import split_global


class Accepted(Part, frozen=True, cache_hash=True):
    """The server identities that a caller accepts; one of the two is not empty."""

    identities: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """The identity of a service account. An empty account is `default`, as in a pod's spec."""
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account or 'default'}"


def accepted_identities(
    service: Service, *, stated: tuple[str, ...], accounts: Iterable[str], trust_domain: str
) -> Accepted:
    """The accepted identities of a service's servers.

    `stated` by the DestinationRule, else by the ServiceEntry, else the `accounts` of the endpoints, else
    those of the namespace: for `<name>.<namespace>.global` the host's, whatever namespace the entry is in.
    """
    known = stated or service.subject_alt_names or tuple(accounts)
    if known:
        return Accepted(identities=tuple(sorted(set(known))))
    named = split_global(service.hostname)
    namespace = named[1] if named else service.namespace
    return Accepted(prefixes=(f"spiffe://{trust_domain}/ns/{namespace}/",))
