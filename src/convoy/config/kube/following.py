"""All objects of a resource, and then what happens to them, for ever: list, watch, and start again as needed.

Nothing is lost and nothing comes twice: a watch goes on after the last state that was seen, also when the
connection broke or the API server was away. Only when that state is forgotten (410) everything is listed
again, which tells of what was deleted meanwhile, too.
"""

from collections.abc import AsyncIterator, Callable

import msgspec

from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.listings import ALL, Json, Selection, WatchEvent
from convoy.config.kube.resources import KubeResource
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK, Clock

FIRST_DELAY = 0.2
LONGEST_DELAY = 8.0
# A watch that ends sooner and told nothing is as good as none.
_SHORT_SECONDS = 2.0


class Relisted(msgspec.Struct, frozen=True):
    """These are all objects now. The list is emptied when the next happening is asked for: that one may take
    hours, and until then loops have this one in their hands, as large as a cluster.
    """

    items: list[Json]


Happening = Relisted | WatchEvent
OnTrouble = Callable[[KubeError | None], None]


def _ignore(error: KubeError | None) -> None:
    pass


async def follow(
    client: KubeClient,
    resource: KubeResource,
    selection: Selection = ALL,
    *,
    on_trouble: OnTrouble = _ignore,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[Happening]:
    """First a Relisted, then the events (bookmarks left out) and further Relisteds.

    What fails is tried again, with growing delays; `on_trouble` is told why, and None once it works again.
    Only a resource that does not exist (`is_not_found`) raises.
    """
    follower = _Follower(client, resource, selection, on_trouble)
    while True:
        started = clock.monotonic()
        try:
            async for happening in follower.attempt():
                yield happening
                if isinstance(happening, Relisted):
                    happening.items.clear()
            follower.is_making_way |= clock.monotonic() - started >= _SHORT_SECONDS
        except KubeError as error:
            if error.is_not_found:
                raise
            follower.note(error)
        if follower.is_making_way:
            follower.start_over()
        else:
            await clock.sleep(next(follower.delays))


class _Follower:
    """How far a resource was followed, and how it went lately."""

    def __init__(
        self, client: KubeClient, resource: KubeResource, selection: Selection, on_trouble: OnTrouble
    ) -> None:
        self._client, self._resource, self._selection = client, resource, selection
        self._on_trouble = on_trouble
        self._since = ""
        self.start_over()

    def start_over(self) -> None:
        """What failed earlier no longer counts."""
        self.delays = backoff(FIRST_DELAY, at_most=LONGEST_DELAY)
        self.is_making_way = False

    async def attempt(self) -> AsyncIterator[Happening]:
        """List if need be, then watch until that ends."""
        if not self._since:
            listing = await self._client.list(self._resource, self._selection)
            self._on_trouble(None)
            yield Relisted(listing.items)
            self._since = listing.resource_version
        async with self._client.watch(self._resource, self._selection, since=self._since) as events:
            self._on_trouble(None)
            async for event in events:
                self.is_making_way = True
                if event.type != "BOOKMARK":
                    yield event
                # After the yield: an event counts as seen once it was taken.
                self._since = event.resource_version or self._since

    def note(self, error: KubeError) -> None:
        """An attempt failed."""
        if error.is_gone:
            self._since = ""
        else:
            self._on_trouble(error)
            self.is_making_way = False
