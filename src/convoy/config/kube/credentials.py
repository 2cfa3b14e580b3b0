"""Credentials that stand in a kubeconfig or in files, which are read again while a client lives.

Tokens that the kubelet mounts are replaced every hour, and client certificates are renewed by whoever wrote
their files, so a file counts for a few seconds only, and not at all once the cluster refused what was in it.
"""

from pathlib import Path

from convoy.config.errors import KubeconfigError
from convoy.config.kube.targets import Credentials
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.secrets import SecretBytes

_FRESH_SECONDS = 10.0


class GivenCredentials:
    """A token and a client certificate with its key, each as it is or as the file that holds it."""

    def __init__(
        self,
        *,
        token: SecretBytes | Path | None = None,
        certificate: bytes | Path = b"",
        key: SecretBytes | Path | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._token, self._certificate, self._key = token, certificate, key
        self._clock = clock
        self._read: Credentials | None = None
        self._read_at = float("-inf")

    async def current(self) -> Credentials:
        """As CredentialSource has it."""
        now = self._clock.monotonic()
        if self._read is None or now - self._read_at >= _FRESH_SECONDS:
            self._read, self._read_at = self._look(), now
        return self._read

    def refuse(self) -> None:
        """As CredentialSource has it."""
        self._read = None

    def _look(self) -> Credentials:
        certificate = self._certificate
        return Credentials(
            token=_secret(self._token, what="token", strip=True),
            certificate=_bytes(certificate, "certificate") if isinstance(certificate, Path) else certificate,
            key=_secret(self._key, what="key"),
        )


def _secret(given: SecretBytes | Path | None, *, what: str, strip: bool = False) -> SecretBytes | None:
    if not isinstance(given, Path):
        return given
    content = _bytes(given, what)
    return SecretBytes(content.strip() if strip else content)


def _bytes(file: Path, what: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"the {what} in {file} cannot be read: {error.strerror}.") from error
    if not content.strip():
        raise KubeconfigError(f"the {what} in {file} is empty.")
    return content
