"""What `proxy-status` shows: per proxy and type, whether it has what it should have. Pure."""

from datetime import datetime

import msgspec

from convoy.xds.cache.resources import CLUSTER, ENDPOINT, EXTENSION, LISTENER, ROUTE, SECRET, SEND_ORDER
from convoy.xds.server.dialog import Dialog
from convoy.xds.server.subscription import Subscription

SYNCED = "SYNCED"
STALE = "STALE"
NOT_SENT = "NOT SENT"
NACKED = "NACKED"

SHORT_NAMES = {
    CLUSTER: "CDS",
    ENDPOINT: "EDS",
    LISTENER: "LDS",
    ROUTE: "RDS",
    SECRET: "SDS",
    EXTENSION: "ECDS",
}


class RejectedResource(msgspec.Struct, frozen=True):
    """A resource that the proxy refused; it goes on with what it had."""

    name: str
    version: str
    detail: str


class TypeStatus(msgspec.Struct, frozen=True):
    """One type of one proxy."""

    type_url: str
    short_name: str
    state: str
    """SYNCED, STALE (sent or to be sent, not acknowledged), NOT SENT (not asked for), NACKED."""
    version: str
    """What it acknowledged last on this stream, or has had since before."""
    sent_version: str
    rejected: tuple[RejectedResource, ...] = ()


class ProxyStatus(msgspec.Struct, frozen=True):
    """One connected proxy."""

    proxy: str
    protocol: str
    peer: str
    user_agent: str
    connected_since: datetime
    types: tuple[TypeStatus, ...]


class AdsStatistics(msgspec.Struct, frozen=True):
    """Counters of a server since its start; `streams` and `model_number` are what they are now."""

    model_number: int = 0
    """The newest model that every stream was offered."""
    streams: int = 0
    streams_opened: int = 0
    streams_refused: int = 0
    requests: int = 0
    responses: int = 0
    resources_sent: int = 0
    removals_sent: int = 0
    bytes_sent: int = 0
    bodies_joined: int = 0
    acks: int = 0
    nacks: int = 0
    stale: int = 0


def type_statuses(dialog: Dialog) -> tuple[TypeStatus, ...]:
    """The four types in sending order, then others that were asked for."""
    others = sorted(dialog.subscriptions.keys() - set(SEND_ORDER))
    return tuple(_type_status(type_url, dialog) for type_url in (*SEND_ORDER, *others))


def short_name(type_url: str) -> str:
    """`CDS` and the like; for other types the last part of the URL."""
    return SHORT_NAMES.get(type_url, type_url.rpartition(".")[2])


def _type_status(type_url: str, dialog: Dialog) -> TypeStatus:
    subscription = dialog.subscriptions.get(type_url)
    if subscription is None:
        return TypeStatus(type_url, short_name(type_url), NOT_SENT, "", "")
    resources = dialog.target.of_type(type_url)
    is_settled = subscription.difference(resources).is_empty and not subscription.is_waiting
    return TypeStatus(
        type_url=type_url,
        short_name=short_name(type_url),
        state=_state(subscription, is_settled),
        version=resources.version if is_settled and not subscription.rejected else subscription.acked_version,
        sent_version=subscription.sent_version,
        rejected=tuple(
            RejectedResource(name, rejection.version, rejection.detail)
            for name, rejection in sorted(subscription.rejected.items())
        ),
    )


def _state(subscription: Subscription, is_settled: bool) -> str:
    if subscription.rejected:
        return NACKED
    return SYNCED if is_settled else STALE
