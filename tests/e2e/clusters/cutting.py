"""Cut a process's pod off from its API server, by packet rules in the pod's own network namespace."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
_RULES = """\
table inet cut {{
    chain output {{
        type filter hook output priority 0; policy accept;
        ip daddr {host} tcp dport {port} {verdict}
    }}
    chain input {{
        type filter hook input priority 0; policy accept;
        ip saddr {host} tcp sport {port} drop
    }}
}}
"""
_VERDICTS = {"refused": "reject with tcp reset", "unanswered": "drop"}


@asynccontextmanager
async def cut_off(pid: int, *, how: str) -> AsyncIterator[None]:
    """For as long as the block: new connections are `refused` or `unanswered`, on old ones nothing comes."""
    variables = _variables(pid)
    rules = _RULES.format(
        host=variables["KUBERNETES_SERVICE_HOST"],
        port=variables["KUBERNETES_SERVICE_PORT"],
        verdict=_VERDICTS[how],
    )
    await _nft(pid, rules)
    try:
        yield
    finally:
        await _nft(pid, "delete table inet cut\n")


def _variables(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


async def _nft(pid: int, script: str) -> None:
    nsenter, nft = (shutil.which(program, path=_PATH) for program in ("nsenter", "nft"))
    assert nsenter, "nsenter is not installed"
    assert nft, "nft is not installed"
    own = ("--user", "--preserve-credentials") if _is_in_other_user_namespace(pid) else ()
    process = await asyncio.create_subprocess_exec(
        *(nsenter, "--target", str(pid), *own, "--net", nft, "-f", "-"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate(script.encode())
    assert process.returncode == 0, errors.decode()


def _is_in_other_user_namespace(pid: int) -> bool:
    return os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")
