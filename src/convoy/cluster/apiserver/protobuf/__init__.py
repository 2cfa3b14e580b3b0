"""Kubernetes protobuf bodies as JSON: kubectl from 1.32 on sends what it creates in this form.

Decoding only: every client that sends protobuf also accepts JSON answers.
"""

from typing import Any

from convoy.cluster.apiserver.protobuf.decoding import UnknownKindError, decode_envelope
from convoy.cluster.apiserver.protobuf.wire import WireError
from convoy.cluster.machinery.statuses import bad_request, unsupported_media_type

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"


def decode_body(data: bytes) -> dict[str, Any]:
    """The object in an enveloped protobuf body, as the same client would have sent it in JSON.

    Raises StatusError: 400 for bytes that cannot be read, 415 for a kind that is not built in, as the real
    server takes custom resources in JSON and YAML only.
    """
    try:
        return decode_envelope(data)
    except WireError as error:
        raise bad_request(f"the protobuf body cannot be read: {error}") from error
    except UnknownKindError as error:
        raise unsupported_media_type(("application/json", "application/yaml")) from error
