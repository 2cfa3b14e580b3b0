"""What a client has from an earlier stream, as it tells in its first requests. Pure.

It names a version for each of its resources. As a rule these are the very resources that it should have, and
then its knowledge is the target itself: nothing is held for it alone.
"""

from collections.abc import Mapping

from convoy.xds.server.changes import Known, held_before
from convoy.xds.server.interest import Interest


def known_before(versions: Mapping[str, str], settled: Known, interest: Interest) -> Known:
    """What a client knows that has these versions; `settled` itself if they are all of that."""
    present = {name: resource.version for name, resource in settled.items() if resource is not None}
    if len(present) == len(settled) and versions == present:
        return settled
    return {name: held_before(name, version) for name, version in versions.items() if interest.wants(name)}
