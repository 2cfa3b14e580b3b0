"""The bodies of `POST /v1/certificates`, as both ends read and write them (JSON)."""

from typing import Literal

import msgspec


class CertificateRequest(msgspec.Struct, frozen=True, rename="camel"):
    """Sent with the token as bearer: a PEM signing request and the lifetime wished for, in seconds."""

    csr: str
    ttl_seconds: int | None = None


class CertificateAnswer(msgspec.Struct, frozen=True):
    """`chain`: the certificate, then its intermediates; `roots`: what to trust. One PEM certificate each."""

    chain: tuple[str, ...]
    roots: tuple[str, ...]


RefusalCode = Literal["unauthenticated", "bad_request", "unavailable"]


class Refusal(msgspec.Struct, frozen=True):
    """Why there is no certificate: the caller is not believed, its request is bad, or no CA can sign now."""

    code: RefusalCode
    message: str
