"""What can go wrong with the world, as exceptions whose text is a sentence for the person at the keyboard.

WorldError                  anything below; the text says what was attempted and what to do
    NamespacesError   this machine does not let us make namespaces, or lacks nft
    WorldBusyError               another world runs from the same state folder
    WorldGoneError               the world ended, or none runs from that state folder
    ManifestError             a manifest that the embedded cluster cannot run
    UnknownNameError                no such cluster, pod, container or object
    DialError              nothing accepted a connection inside the world
    WaitError             something did not come to pass in time
"""


class WorldError(Exception):
    """The root of the tree; callers that only print need no more."""


class NamespacesError(WorldError):
    """The kernel or its settings refuse what the world is made of."""


class WorldBusyError(WorldError):
    """A world already runs from this state folder."""


class WorldGoneError(WorldError):
    """There is no world, or there is none any more."""


class ManifestError(WorldError):
    """An object is malformed, or asks for something that is not built."""


class UnknownNameError(WorldError):
    """A name that stands for nothing in this world."""


class DialError(WorldError, ConnectionError):
    """A connection inside the world was not made: to callers a failed connection like any other."""


class WaitError(WorldError):
    """A condition did not hold in time."""


BY_NAME: dict[str, type[WorldError]] = {
    kind.__name__: kind
    for kind in (
        WorldError,
        NamespacesError,
        WorldBusyError,
        WorldGoneError,
        ManifestError,
        UnknownNameError,
        DialError,
        WaitError,
    )
}


def as_message(error: BaseException) -> dict[str, str]:
    """An exception as it crosses the control channel; what is not ours travels as a plain WorldError."""
    if isinstance(error, WorldError):
        return {"kind": type(error).__name__, "text": str(error)}
    return {"kind": "WorldError", "text": f"the world failed inside: {type(error).__name__}: {error}"}


def from_message(message: dict[str, str]) -> WorldError:
    """The exception that `as_message` described."""
    return BY_NAME.get(message["kind"], WorldError)(message["text"])
