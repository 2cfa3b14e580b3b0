"""A cluster as a client reaches it: where, whom to trust, and as whom."""

from typing import Protocol

import msgspec

from convoy.kit.secrets import SecretBytes


class Credentials(msgspec.Struct, frozen=True):
    """What a client shows: a bearer token, a client certificate with its key (both PEM), both or nothing."""

    token: SecretBytes | None = None
    certificate: bytes = b""
    key: SecretBytes | None = None


class CredentialSource(Protocol):
    """Where credentials come from; they may change while a client lives."""

    async def current(self) -> Credentials:
        """What to show now; KubeconfigError when there is nothing to show."""
        ...

    def refuse(self) -> None:
        """The cluster did not accept what was shown last: get it anew."""
        ...


class KubeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster's API. `cluster` names it in messages, `server` is its URL without a slash at the end.

    `authority`: PEM certificates to trust, empty for the system's. `server_name`: the name that the server's
    certificate must have, when it is not the URL's. `namespace`: what a name without one is in. `headers`:
    sent with every request (impersonation).
    """

    cluster: str
    server: str
    credentials: CredentialSource
    authority: bytes = b""
    is_verified: bool = True
    server_name: str = ""
    namespace: str = "default"
    headers: tuple[tuple[str, str], ...] = ()
