"""Differences and selections of sets in layers, put together from those of each layer. Pure.

A thousand sidecars have a thousand sets of clusters, which are ten shared ones with a few own clusters each.
What is found out about the shared ones is found out once; the rest is small.
"""

from convoy.xds.cache.layers import Layers, join_layers
from convoy.xds.cache.resources import EMPTY, ResourceSet
from convoy.xds.server.changes import Choice, Difference, Known, Selection


def layers_of(known: Known) -> tuple[Known, Known] | None:
    """What is shared and what is the client's own; None: it is in no such order."""
    if isinstance(known, ResourceSet):
        return known.layers or (known, EMPTY)
    return (known.shared, known.own) if isinstance(known, Layers) else None


def target_layers(target: ResourceSet) -> tuple[ResourceSet, ResourceSet]:
    """The shared set, and the client's own."""
    return target.layers or (target, EMPTY)


def join_differences(shared: Difference, own: Difference, target: ResourceSet) -> Difference | None:
    """The difference from a target in layers; None when a name goes from one layer to the other."""
    if any(name in own.upserts for name in shared.gone) or any(name in shared.upserts for name in own.gone):
        return None
    return Difference(
        upserts=join_layers(shared.upserts, own.upserts),
        fresh=shared.fresh + own.fresh,
        gone=shared.gone + own.gone,
        absent=(),
        settled=target,
        layers=(shared, own),
    )


def goes_by_layer(choice: Choice) -> bool:
    """Whether each layer can be chosen from without the other."""
    return not (choice.held or choice.again or choice.only)


def join_selections(difference: Difference, shared: Selection, own: Selection) -> Selection:
    """The selection from a difference by layers, of the selections from both."""
    assert difference.layers is not None
    is_settled = shared.after is difference.layers[0].settled and own.after is difference.layers[1].settled
    return Selection(
        changed=join_layers(shared.changed, own.changed),
        repeated=(),
        removed=shared.removed + own.removed,
        unknown=(),
        fresh=shared.fresh + own.fresh,
        after=difference.settled if is_settled else Layers(shared.after, own.after),
        keeps_gone=shared.keeps_gone or own.keeps_gone,
        is_whole=shared.is_whole,
    )
