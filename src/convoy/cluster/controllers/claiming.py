"""Taking over objects that match and belong to nobody, and letting go of those that no longer match."""

from collections.abc import Iterable

from convoy.cluster.controllers.clients import Client
from convoy.cluster.controllers.objects import Json, uid_of
from convoy.cluster.controllers.owners import (
    Matcher,
    is_controlled_by,
    plan_claims,
    with_owner,
    without_owner,
)


async def claim(
    client: Client, storage: str, owner: Json, *, matches: Matcher, candidates: Iterable[Json]
) -> list[Json]:
    """The candidates that are `owner`'s, after adopting and releasing; raises StatusError."""
    claims = plan_claims(owner, matches, candidates)
    for stray in claims.release:
        await client.modify(storage, stray, lambda pod: without_owner(pod, uid_of(owner)))
    adopted = []
    for orphan in claims.adopt:
        taken = await client.modify(storage, orphan, lambda pod: with_owner(pod, owner))
        if taken is not None and is_controlled_by(taken, owner):
            adopted.append(taken)
    return [*claims.owned, *adopted]
