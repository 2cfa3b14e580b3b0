"""SPIFFE identities of workloads: `spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>`.

The form is Istio's; the allowed characters are those of the SPIFFE ID specification, sections 2.1 and 2.2.
"""

import re

import msgspec

from convoy.ca.errors import IdentityError

_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_SEGMENT = re.compile(r"[A-Za-z0-9._-]{1,253}")
_SPIFFE_ID = re.compile(r"spiffe://([^/]+)/ns/([^/]+)/sa/([^/]+)")


class Identity(msgspec.Struct, frozen=True):
    """Who a workload is, taken apart."""

    trust_domain: str
    namespace: str
    service_account: str

    @property
    def spiffe_id(self) -> str:
        """The identity as a URI; IdentityError when a part has characters that a SPIFFE ID cannot carry."""
        return spiffe_id(self.trust_domain, self.namespace, self.service_account)


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """The SPIFFE ID of a service account; IdentityError when a part cannot stand in one."""
    if not _TRUST_DOMAIN.fullmatch(trust_domain):
        raise IdentityError(
            f'"{trust_domain}" is not a trust domain: use lower-case letters, digits, ".", "-", "_".'
        )
    for part, value in (("namespace", namespace), ("service account", service_account)):
        if not _SEGMENT.fullmatch(value) or value in {".", ".."}:
            raise IdentityError(f'"{value}" cannot be the {part} of a SPIFFE ID.')
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"


def parse_spiffe_id(uri: str) -> Identity:
    """The parts of a workload's SPIFFE ID; IdentityError for any other URI."""
    match = _SPIFFE_ID.fullmatch(uri)
    if match is None:
        raise IdentityError(
            f'"{uri}" is not of the form spiffe://<trust-domain>/ns/<namespace>/sa/<account>.'
        )
    identity = Identity(*match.groups())
    if identity.spiffe_id != uri:
        raise IdentityError(f'"{uri}" is not a canonical SPIFFE ID.')
    return identity
