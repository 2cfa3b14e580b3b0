"""The requests of a kubectl, as they were recorded once: for machines that have none as new.

The file has one request in a line. Random parts of names are `00000` in it, and in what is sent those of the
run; they have one length because protobuf bodies contain lengths.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from tests.cluster.kubectl.scenes import SUFFIX

RECORDED = Path(__file__).with_name("requests-1.32.jsonl")
BLANK = "0" * SUFFIX


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and the status of its answer; of which command it was.

    `body` is text; `packed` is protobuf. `upgrade` are the subprotocols of a websocket.
    """

    step: str
    method: str
    path: str
    status: int
    accept: str = ""
    content_type: str = ""
    body: str = ""
    packed: bytes = b""
    upgrade: tuple[str, ...] = ()

    @property
    def data(self) -> bytes:
        """The body as it is sent."""
        return self.packed or self.body.encode()


def blanked(data: bytes, names: Mapping[str, str]) -> bytes:
    """Something recorded, without the random parts of names."""
    for name in names.values():
        data = data.replace(name.encode(), _blank(name).encode())
    return data


def renamed(data: bytes, names: Mapping[str, str]) -> bytes:
    """Something recorded, with the names of a run."""
    for name in names.values():
        data = data.replace(_blank(name).encode(), name.encode())
    return data


def _blank(name: str) -> str:
    """`web-x4k2q` as `web-00000`, `widgetabcdes` as `widget00000s`."""
    if "-" in name:
        return f"{name.rpartition('-')[0]}-{BLANK}"
    plural = "s" if name.startswith("widget") and name.endswith("s") else ""
    stem = name[: -SUFFIX - len(plural)]
    return f"{stem}{BLANK}{plural}"


def read_requests() -> list[Request]:
    """What was recorded."""
    return [msgspec.json.decode(line, type=Request) for line in RECORDED.read_bytes().splitlines()]


def write_requests(requests: Iterable[Request]) -> None:
    """Record."""
    RECORDED.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in requests))


_GENERATED = re.compile(rf"(web|nx|old)-{BLANK}-\w+")
_HASH = re.compile(r"(?<=\?)hash=\w+&?")
_REVISION = re.compile(r"(?<=[?&]resourceVersion=)[1-9]\d*")


def settled(request: Request) -> Request | None:
    """The request without what is different in every run; None when it makes no sense in another."""
    was_overtaken = request.status == 409 and "resourceVersion" in request.body
    if was_overtaken or "continue=" in request.path or _GENERATED.search(request.path):
        return None
    path = _REVISION.sub("0", _HASH.sub("", request.path))
    return msgspec.structs.replace(request, path=path)
