"""What every part is made of."""

import msgspec

Labels = tuple[tuple[str, str], ...]
"""Label pairs, sorted by key."""


class Part(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """A piece of the snapshot: immutable, hashable, compared by content.

    Parts are trees, so the garbage collector need not go through them; subclasses inherit this.
    """
