"""One client on one stream: its subscriptions, its target, and the responses that follow from them. Pure.

The shell feeds it requests and targets and asks for the next response until there is none.
"""

import msgspec

from convoy.xds.cache.resources import ENDPOINT, ProxyResources, sending_rank
from convoy.xds.server.push import Push, apply_push, plan_push, repeat_awaited
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

    __slots__ = ("_protocol", "_sharing", "subscriptions", "target")

    def __init__(self, protocol: Protocol, target: ProxyResources, sharing: Sharing) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.target = target
        self._protocol = protocol
        self._sharing = sharing

    def on_request(self, request: Request) -> Answer:
        """Take a request in; tells what it said about an earlier response."""
        subscription = self.subscriptions.get(request.type_url)
        is_first = subscription is None
        if subscription is None:
            subscription = self._subscribe(request.type_url)
        answer = subscription.on_request(request, self.target.of_type(request.type_url))
        if is_first and request.type_url == ENDPOINT:
            repeat_awaited(self.subscriptions)
        return answer

    def set_target(self, target: ProxyResources) -> bool:
        """Replace what the client should have; whether that is another object than before."""
        is_other = target is not self.target
        self.target = target
        return is_other

    def next_push(self) -> Push | None:
        """What to send now; None when everything is sent or waits for the client."""
        return plan_push(self.subscriptions, self.target, self._sharing)

    def send(self, push: Push) -> Response:
        """The response that carries a push, which must be the newest; from now on it is under way."""
        return Response(
            type_url=push.type_url,
            version=push.version,
            data=apply_push(self.subscriptions, push, self._sharing),
            resources=push.selection.count,
            removed=len(push.selection.removed),
        )

    def next_response(self) -> Response | None:
        """The response to send now, which is then under way; None when there is nothing to send."""
        push = self.next_push()
        return None if push is None else self.send(push)

    def _subscribe(self, type_url: str) -> Subscription:
        subscription = Subscription(type_url, self._protocol, self._sharing)
        together = {**self.subscriptions, type_url: subscription}
        self.subscriptions = {kind: together[kind] for kind in sorted(together, key=sending_rank)}
        return subscription
