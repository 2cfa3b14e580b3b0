"""What the probes of a pod's applications stood for before injection led them to the agent."""

from collections.abc import Mapping

import msgspec

from convoy.agent.errors import SettingsError

VARIABLE = "ISTIO_KUBE_APP_PROBERS"


class HttpHeader(msgspec.Struct, frozen=True):
    """A header that the probe sends."""

    name: str
    value: str = ""


class HttpProbe(msgspec.Struct, frozen=True, rename="camel"):
    """`httpGet`."""

    port: int
    path: str = "/"
    scheme: str = "HTTP"
    http_headers: tuple[HttpHeader, ...] = ()


class TcpProbe(msgspec.Struct, frozen=True):
    """`tcpSocket`."""

    port: int


class GrpcProbe(msgspec.Struct, frozen=True):
    """`grpc`: the standard health service; an empty `service` is the whole server."""

    port: int
    service: str | None = None


class AppProbe(msgspec.Struct, frozen=True, rename="camel"):
    """One probe, of one of three kinds."""

    http_get: HttpProbe | None = None
    tcp_socket: TcpProbe | None = None
    grpc: GrpcProbe | None = None
    timeout_seconds: float = 1.0


def parse_probes(text: str) -> Mapping[str, AppProbe]:
    """The probes by path, as injection writes them; SettingsError when they are not readable."""
    try:
        return msgspec.json.decode(text, type=dict[str, AppProbe]) if text else {}
    except msgspec.DecodeError as error:
        raise SettingsError(f"{VARIABLE} cannot be read: {error}.") from error
