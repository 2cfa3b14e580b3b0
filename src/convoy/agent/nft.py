"""Apply nftables scripts in the network namespace the process is in."""

import asyncio
import os
import shutil

from convoy.agent.errors import CaptureError

# Where distributions put nft; ordinary users often lack them in PATH.
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


async def apply_rules(script: str) -> None:
    """Run `nft -f -`; all rules of the script or none take effect. CaptureError when it fails."""
    program = shutil.which("nft", path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_FOLDERS}")
    if program is None:
        raise CaptureError("The program nft was not found; install nftables.")
    process = await asyncio.create_subprocess_exec(
        program, "-f", "-", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate(script.encode())
    if process.returncode != 0:
        detail = errors.decode(errors="replace").strip().splitlines()
        raise CaptureError(f"The capture rules were refused: {detail[0] if detail else 'no reason given'}")
