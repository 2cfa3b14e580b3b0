"""Decide what a stream is sent next, and what has to wait for what. Pure.

The order of a change (tried on Envoy 1.40):

1. New and changed clusters.
2. Assignments. Those of clusters just sent are sent again, changed or not, for a changed cluster warms until
   an assignment arrives after it, and Envoy withholds the ACK of the clusters as long; so this does not wait
   for that ACK. But a *changed* assignment of a changed cluster does: a new endpoint may need the cluster's
   new list of identities. Until the ACK the client is given the assignment that it has.
3. Listeners, then routes; those that name a cluster the client has not accepted yet wait for its answer.
4. Removals: routes once the listeners are accepted, clusters once listeners and routes are, assignments once
   the clusters are. What a client goes on using because it rejected the successor keeps its clusters.
   Secrets, which a client asks for once it has read what names them, leave when listeners and clusters are
   accepted.

A rejection is an answer like an acceptance: nothing waits for more than the one answer, so a client that
rejects one type still gets the others.
"""

from collections.abc import Callable, Mapping

import msgspec

from convoy.xds.cache.resources import (
    CLUSTER,
    ENDPOINT,
    EXTENSION,
    LISTENER,
    ROUTE,
    SECRET,
    ProxyResources,
    Resource,
    ResourceSet,
)
from convoy.xds.server.changes import Choice, Names, Selection
from convoy.xds.server.sharing import Sharing
from convoy.xds.server.subscription import Subscription

Subscriptions = Mapping[str, Subscription]
"""By type, in the order in which types are sent."""

_NO_NAMES: frozenset[str] = frozenset()
_FREELY = Choice()
_WHOLE = Choice(is_whole=True)


class Push(msgspec.Struct, frozen=True):
    """The next response of a stream, except for its nonce."""

    type_url: str
    version: str
    selection: Selection
    size: int
    """Its bytes, roughly."""


def plan_push(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Push | None:
    """The response to send now, or None when everything is sent or waits."""
    for subscription in subscriptions.values():
        if not subscription.is_waiting:
            resources = target.of_type(subscription.type_url)
            if not subscription.is_content_with(resources):
                push = _plan_type(subscription, resources, subscriptions, target=target, sharing=sharing)
                if push is not None:
                    return push
    return None


def apply_push(subscriptions: Subscriptions, push: Push, sharing: Sharing) -> bytes:
    """Note in the subscriptions that a push goes out; gives the response's bytes."""
    subscription = subscriptions[push.type_url]
    nonce = subscription.on_sent(push.selection, version=push.version)
    if push.type_url == CLUSTER and ENDPOINT in subscriptions:
        subscriptions[ENDPOINT].send_again(push.selection.changed)
    head = (push.version, nonce)
    return sharing.body(
        push.selection, subscription.protocol, type_url=push.type_url, head=head, size=push.size
    )


def repeat_awaited(subscriptions: Subscriptions) -> None:
    """Have assignments sent that clusters under way wait for, to a client that has just named those it has.

    One that reconnects may hear of changed clusters before its request for assignments is read.
    """
    clusters = subscriptions.get(CLUSTER)
    if clusters is not None and clusters.under_way is not None:
        subscriptions[ENDPOINT].send_again(clusters.under_way.changed)


def _plan_type(
    subscription: Subscription,
    resources: ResourceSet,
    subscriptions: Subscriptions,
    *,
    target: ProxyResources,
    sharing: Sharing,
) -> Push | None:
    choice = _CHOOSE.get(subscription.type_url, _choose_freely)(subscriptions, target, sharing)
    if choice is None:
        return None
    difference = subscription.difference(resources)
    if subscription.one_by_one:
        choice = _single_out(subscription, resources, choice)
    selection = sharing.selection(difference, subscription.known, choice)
    if not _says_something(subscription, selection):
        return None
    version = f"{resources.version}-leaving" if selection.keeps_gone else resources.version
    size = sum(len(resource.delta_chunk) for resource in selection.resources)
    return Push(subscription.type_url, version, selection, size)


def _says_something(subscription: Subscription, selection: Selection) -> bool:
    if subscription.must_answer or selection.changed or selection.removed:
        return True
    if _is_first_word(subscription) and selection.keeps_gone:
        return True
    return bool(selection.repeated)


def _is_first_word(subscription: Subscription) -> bool:
    return subscription.responses == 0


def _single_out(subscription: Subscription, resources: ResourceSet, choice: Choice) -> Choice:
    """Choose one suspect alone while it is not known which of a rejected batch are bad."""
    for name in subscription.difference(resources).upserts:
        if name in subscription.one_by_one and name not in choice.held:
            return msgspec.structs.replace(choice, only=name)
    return choice


def _choose_freely(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    return _FREELY


def _choose_clusters(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    clusters = subscriptions[CLUSTER]
    gone = clusters.difference(target.clusters).gone
    if not gone:
        return _WHOLE if clusters.is_whole else _FREELY
    # A reconnecting client names its types one after the other: before the answer to a first response it is
    # not known whether listeners still have to be changed.
    nothing_uses_them = (
        not _is_first_word(clusters)
        and _is_settled(LISTENER, subscriptions, target)
        and _is_settled(ROUTE, subscriptions, target)
    )
    return Choice(
        with_gone=nothing_uses_them,
        kept=_still_named(gone, subscriptions) if nothing_uses_them else _NO_NAMES,
        is_whole=clusters.is_whole,
    )


def _choose_assignments(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    assignments = subscriptions[ENDPOINT]
    clusters = subscriptions.get(CLUSTER)
    if clusters is None:
        return Choice(again=assignments.again) if assignments.again else _FREELY
    changing, leaving = clusters.difference(target.clusters), clusters.under_way
    if changing.is_empty and leaving is None and not assignments.again:
        return _FREELY
    return Choice(
        held=_that_must_wait(assignments, target, clusters),
        again=assignments.again,
        kept=frozenset((*changing.gone, *(leaving.removed if leaving else ()))),
    )


def _that_must_wait(
    assignments: Subscription, target: ProxyResources, clusters: Subscription
) -> frozenset[str]:
    """The changed assignments of changed clusters, if they can be repeated as the client has them."""
    difference = assignments.difference(target.endpoints)
    if len(difference.upserts) == sum(map(len, difference.fresh)):
        return _NO_NAMES
    to_come = clusters.difference(target.clusters).upserts
    sent = clusters.under_way.changed if clusters.under_way else {}
    return frozenset(
        name
        for name in difference.upserts
        if (name in to_come or name in sent) and _can_repeat(assignments.known.get(name))
    )


def _choose_listeners(
    subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing
) -> Choice | None:
    listeners = subscriptions[LISTENER]
    if sharing.names_any(listeners.difference(target.listeners), _unaccepted_clusters(subscriptions, target)):
        return None
    return _WHOLE if listeners.is_whole else _FREELY


def _choose_routes(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice | None:
    difference = subscriptions[ROUTE].difference(target.routes)
    if sharing.names_any(difference, _unaccepted_clusters(subscriptions, target)):
        return None
    return _with_gone_if(not difference.gone or _is_settled(LISTENER, subscriptions, target))


def _choose_secrets(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    is_unused = _is_settled(LISTENER, subscriptions, target) and _is_settled(CLUSTER, subscriptions, target)
    return _with_gone_if(is_unused)


def _choose_extensions(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    return _with_gone_if(_is_settled(LISTENER, subscriptions, target))


def _with_gone_if(is_unused: bool) -> Choice:
    return _FREELY if is_unused else Choice(with_gone=False)


_CHOOSE: Mapping[str, Callable[[Subscriptions, ProxyResources, Sharing], Choice | None]] = {
    CLUSTER: _choose_clusters,
    ENDPOINT: _choose_assignments,
    LISTENER: _choose_listeners,
    ROUTE: _choose_routes,
    SECRET: _choose_secrets,
    EXTENSION: _choose_extensions,
}


def _unaccepted_clusters(subscriptions: Subscriptions, target: ProxyResources) -> Names:
    """Clusters that are new to the client and that it has not answered yet."""
    clusters = subscriptions.get(CLUSTER)
    if clusters is None:
        return ()
    to_come = clusters.difference(target.clusters).fresh
    return to_come + clusters.under_way.fresh if clusters.under_way else to_come


def _is_settled(type_url: str, subscriptions: Subscriptions, target: ProxyResources) -> bool:
    """Whether the client has accepted or rejected everything of a type, removals included."""
    subscription = subscriptions.get(type_url)
    if subscription is None:
        return True
    difference = subscription.difference(target.of_type(type_url))
    return not (subscription.is_waiting or difference.upserts or difference.gone)


def _still_named(clusters: tuple[str, ...], subscriptions: Subscriptions) -> frozenset[str]:
    """Those clusters that a listener or route names which the client uses for want of a good successor."""
    using = [
        resource
        for type_url in (LISTENER, ROUTE)
        if type_url in subscriptions
        for resource in subscriptions[type_url].using.values()
    ]
    if not all(map(_can_repeat, using)):
        return frozenset(clusters)  # what the client uses is from an earlier stream; it may name any
    text = b"\0".join(resource.delta_chunk for resource in using)
    return frozenset(name for name in clusters if text and name.encode() in text)


def _can_repeat(resource: Resource | None) -> bool:
    """Whether the bytes are known of what a client has."""
    return resource is not None and bool(resource.delta_chunk)
