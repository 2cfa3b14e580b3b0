"""The application of the lab's pods: `python -m tests.traffic.apps POD KIND:PORT ...`.

Kinds: `http`, `https`, `grpc`, `lines`, `greeter`, `proxied`, `tunnel`, `full`: see their modules.
"""

import asyncio
import sys

from tests.traffic.apps import answering, streams


async def _serve(pod: str, kind: str, port: int) -> None:
    if kind in ("http", "https"):
        await answering.serve(pod, port, secure=kind == "https")
    elif kind == "grpc":
        from tests.traffic.apps import calls  # slow to import, and few pods need it

        await calls.serve(pod, port)
    elif kind == "full":
        streams.serve_nobody(port)
    else:
        await streams.serve(pod, port, streams.KINDS[kind])


async def main(pod: str, arguments: list[str]) -> None:
    for argument in arguments:
        kind, _, port = argument.partition(":")
        await _serve(pod, kind, int(port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
