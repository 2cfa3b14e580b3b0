"""The token of the person at the keyboard: made once, kept in the cluster's folder."""

import secrets
from pathlib import Path

from convoy.cluster.tokens import write_secret_file
from convoy.kit.secrets import SecretBytes

_BYTES = 32


def load_admin_token(path: Path) -> SecretBytes:
    """The token kept at `path`; one is made, readable by its owner alone, if there is none."""
    if not path.exists():
        write_secret_file(path, secrets.token_urlsafe(_BYTES).encode())
    return SecretBytes(path.read_bytes().strip())
