"""What can go wrong in the CA.

CaError
    RefusedError         the caller may not have what it asked for
        CsrError        the signing request is malformed, badly signed or has an unacceptable key
        TokenError      the service account token does not prove an identity
    IdentityError        a name that is no SPIFFE ID, or parts that make none
    IssuerError         key or certificate files are missing, do not belong together, or have expired
    VerifierError       whoever checks tokens gave no answer; nothing is known of the token
"""


class CaError(Exception):
    """Any failure of the CA; its text is one sentence for people."""


class RefusedError(CaError):
    """A request for a certificate is refused; asking again with the same input will be refused again."""


class CsrError(RefusedError):
    """The certificate signing request cannot be accepted."""


class TokenError(RefusedError):
    """The token does not prove who the caller is."""


class IdentityError(CaError):
    """Not a SPIFFE ID of a workload."""


class IssuerError(CaError):
    """The issuer cannot sign now."""


class VerifierError(CaError):
    """Nobody can say now whom a token speaks for."""
