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
    SEND_ORDER,
    ProxyResources,
    Resource,
    ResourceSet,
)
from convoy.xds.server.changes import Choice, Selection
from convoy.xds.server.sharing import Sharing
from convoy.xds.server.subscription import Subscription

Subscriptions = Mapping[str, Subscription]

_NO_NAMES: frozenset[str] = frozenset()


class Push(msgspec.Struct, frozen=True):
    """The next response of a stream, except for its nonce."""

    type_url: str
    version: str
    selection: Selection


def plan_push(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Push | None:
    """The response to send now, or None when everything is sent or waits."""
    known_order = [type_url for type_url in SEND_ORDER if type_url in subscriptions]
    for type_url in (*known_order, *sorted(subscriptions.keys() - set(SEND_ORDER))):
        push = _plan_type(type_url, subscriptions, target, sharing)
        if push is not None:
            return push
    return None


def apply_push(subscriptions: Subscriptions, push: Push, sharing: Sharing) -> bytes:
    """Note in the subscriptions that a push goes out; gives the response's bytes."""
    subscription = subscriptions[push.type_url]
    body = sharing.body(push.selection, subscription.protocol, type_url=push.type_url, version=push.version)
    response = subscription.on_sent(push.selection, body, version=push.version)
    if push.type_url == CLUSTER and ENDPOINT in subscriptions:
        subscriptions[ENDPOINT].send_again(frozenset(push.selection.changed))
    return response


def _plan_type(
    type_url: str, subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing
) -> Push | None:
    subscription = subscriptions[type_url]
    if subscription.is_waiting:
        return None
    resources = target.of_type(type_url)
    difference = subscription.difference(resources)
    if difference.is_empty and not subscription.must_answer and not subscription.again:
        return None
    choice = _CHOOSE.get(type_url, _choose_freely)(subscriptions, target, sharing)
    if choice is None:
        return None
    choice = _single_out(subscription, resources, choice)
    selection = sharing.selection(difference, subscription.known, choice)
    if not _says_something(subscription, selection):
        return None
    version = f"{resources.version}-leaving" if selection.keeps_gone else resources.version
    return Push(type_url, version, selection)


def _says_something(subscription: Subscription, selection: Selection) -> bool:
    if subscription.must_answer or selection.changed or selection.removed:
        return True
    if _is_first_word(subscription) and selection.keeps_gone:
        return True
    return bool(selection.resources) and not subscription.is_whole


def _is_first_word(subscription: Subscription) -> bool:
    return subscription.responses == 0


def _single_out(subscription: Subscription, resources: ResourceSet, choice: Choice) -> Choice:
    """Choose one suspect alone while it is not known which of a rejected batch are bad."""
    if not subscription.one_by_one:
        return choice
    for resource in subscription.difference(resources).upserts:
        if resource.name in subscription.one_by_one and resource.name not in choice.held:
            return msgspec.structs.replace(choice, only=resource.name)
    return choice


def _choose_freely(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    return Choice()


def _choose_clusters(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    clusters = subscriptions[CLUSTER]
    gone = clusters.difference(target.clusters).gone
    if not gone:
        return Choice(is_whole=clusters.is_whole)
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
        return Choice(again=assignments.again)
    difference = clusters.difference(target.clusters)
    changing = {resource.name for resource in difference.upserts}
    leaving = set(difference.gone)
    if clusters.under_way is not None:
        changing.update(clusters.under_way.changed)
        leaving.update(clusters.under_way.removed)
    upserts = assignments.difference(target.endpoints).upserts
    return Choice(
        held=frozenset(
            r.name for r in upserts if r.name in changing and _can_repeat(assignments.known.get(r.name))
        ),
        again=assignments.again,
        kept=frozenset(leaving),
    )


def _choose_listeners(
    subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing
) -> Choice | None:
    listeners = subscriptions[LISTENER]
    if sharing.names_any(listeners.difference(target.listeners), _unaccepted_clusters(subscriptions, target)):
        return None
    return Choice(is_whole=listeners.is_whole)


def _choose_routes(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice | None:
    difference = subscriptions[ROUTE].difference(target.routes)
    if sharing.names_any(difference, _unaccepted_clusters(subscriptions, target)):
        return None
    return Choice(with_gone=_is_settled(LISTENER, subscriptions, target))


def _choose_secrets(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    is_unused = _is_settled(LISTENER, subscriptions, target) and _is_settled(CLUSTER, subscriptions, target)
    return Choice(with_gone=is_unused)


def _choose_extensions(subscriptions: Subscriptions, target: ProxyResources, sharing: Sharing) -> Choice:
    return Choice(with_gone=_is_settled(LISTENER, subscriptions, target))


_CHOOSE: Mapping[str, Callable[[Subscriptions, ProxyResources, Sharing], Choice | None]] = {
    CLUSTER: _choose_clusters,
    ENDPOINT: _choose_assignments,
    LISTENER: _choose_listeners,
    ROUTE: _choose_routes,
    SECRET: _choose_secrets,
    EXTENSION: _choose_extensions,
}


def _unaccepted_clusters(subscriptions: Subscriptions, target: ProxyResources) -> frozenset[str]:
    """Clusters that are new to the client and that it has not answered yet."""
    clusters = subscriptions.get(CLUSTER)
    if clusters is None:
        return _NO_NAMES
    to_come = clusters.difference(target.clusters).fresh
    return to_come | clusters.under_way.fresh if clusters.under_way else to_come


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
    text = b"\0".join(resource.sotw_chunk for resource in using)
    return frozenset(name for name in clusters if text and name.encode() in text)


def _can_repeat(resource: Resource | None) -> bool:
    """Whether the bytes are known of what a client has."""
    return resource is not None and bool(resource.delta_chunk)
