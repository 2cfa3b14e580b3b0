"""Apply nftables scripts in the network namespace the process is in."""

import asyncio

from convoy.agent.errors import CaptureError


async def apply_rules(script: str) -> None:
    """Run `nft -f -`; all rules of the script or none take effect. CaptureError when it fails."""
    try:
        process = await asyncio.create_subprocess_exec(
            "nft", "-f", "-", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except FileNotFoundError as error:
        raise CaptureError("The program nft was not found; install nftables.") from error
    _, errors = await process.communicate(script.encode())
    if process.returncode != 0:
        detail = errors.decode(errors="replace").strip().splitlines()
        raise CaptureError(f"The capture rules were refused: {detail[0] if detail else 'no reason given'}")
