"""Certificates as Envoy reads them: one file per secret, renamed into place.

Key and chain are one secret in one file, so they change at once. Envoy watches the folder for renames; a file
that is written in place it would not notice, or read half.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from convoy.kit.secrets import SecretBytes

KEY_PAIR = "default"
ROOTS = "ROOTCA"


def build_key_pair_secret(key_pem: SecretBytes, chain: Iterable[str]) -> SecretBytes:
    """The content of `default.yaml`: a discovery response with the proxy's key and chain."""
    certificate = {
        "certificate_chain": {"inline_string": "".join(chain)},
        "private_key": {"inline_string": key_pem.reveal().decode()},
    }
    return SecretBytes(_response(KEY_PAIR, {"tls_certificate": certificate}))


def build_roots_secret(roots: Iterable[str]) -> bytes:
    """The content of `ROOTCA.yaml`: a discovery response with what the proxy trusts."""
    return _response(ROOTS, {"validation_context": {"trusted_ca": {"inline_string": "".join(roots)}}})


class SecretFiles:
    """The folder of SDS files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._roots = b""

    def write(self, key_pem: SecretBytes, *, chain: tuple[str, ...], roots: tuple[str, ...]) -> None:
        """Put new content into place: what is trusted first, so that nobody presents an unknown root."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trusted = build_roots_secret(roots)
        if trusted != self._roots:
            replace_file(self._folder / f"{ROOTS}.yaml", trusted)
            self._roots = trusted
        replace_file(self._folder / f"{KEY_PAIR}.yaml", build_key_pair_secret(key_pem, chain).reveal())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 whole, or leave the old one."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    part.replace(path)


def _response(name: str, content: dict[str, Any]) -> bytes:
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    # JSON is YAML; Envoy chooses its parser by the file's name.
    return json.dumps({"resources": [{"@type": kind, "name": name, **content}]}).encode()
