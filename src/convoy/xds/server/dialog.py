"""One client on one stream: its subscriptions, its target, and the responses that follow from them. Pure.

The shell feeds it requests and targets and asks for the next response until there is none.
"""

import msgspec

from convoy.xds.cache.resources import ProxyResources
from convoy.xds.server.push import apply_push, plan_push
from convoy.xds.server.requests import Protocol, Request
from convoy.xds.server.sharing import Sharing
from convoy.xds.server.subscription import Answer, Subscription


class Response(msgspec.Struct, frozen=True):
    """What goes out on the stream."""

    type_url: str
    version: str
    data: bytes
    resources: int
    removed: int


class Dialog:
    """The state of one stream."""

    def __init__(self, protocol: Protocol, target: ProxyResources, sharing: Sharing) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.target = target
        self._protocol = protocol
        self._sharing = sharing

    def on_request(self, request: Request) -> Answer:
        """Take a request in; tells what it said about an earlier response."""
        subscription = self.subscriptions.get(request.type_url)
        if subscription is None:
            subscription = Subscription(request.type_url, self._protocol, self._sharing)
            self.subscriptions[request.type_url] = subscription
        return subscription.on_request(request)

    def set_target(self, target: ProxyResources) -> bool:
        """Replace what the client should have; whether that is another object than before."""
        is_other = target is not self.target
        self.target = target
        return is_other

    def next_response(self) -> Response | None:
        """The response to send now; None when everything is sent or waits for the client."""
        push = plan_push(self.subscriptions, self.target, self._sharing)
        if push is None:
            return None
        return Response(
            type_url=push.type_url,
            version=push.version,
            data=apply_push(self.subscriptions, push, self._sharing),
            resources=len(push.selection.resources),
            removed=len(push.selection.removed),
        )
