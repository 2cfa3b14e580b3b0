"""Kubernetes protobuf bodies as JSON: kubectl from 1.32 on sends what it creates in this form.

Decoding only: every client that sends protobuf also accepts JSON answers.
"""

from typing import Any

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"


def decode_body(data: bytes) -> dict[str, Any]:
    """The object in an enveloped protobuf body, as the same client would have sent it in JSON.

    Raises StatusError: 400 for bytes that cannot be read or a kind that is not built in.
    """
    raise NotImplementedError
