"""Runs real kubectls, and tells what they said."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """The end of one command; `text` is both outputs with every blank and line break as one blank."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs in one line."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass(frozen=True)
class Kubectls:
    """The programs, and the folder that is their home."""

    programs: tuple[Path, ...]
    home: Path

    async def run(self, *arguments: str, stdin: bytes = b"", program: Path | None = None) -> Said:
        """One command, of the newest unless another is named."""
        environment = {"HOME": str(self.home), "KUBECONFIG": str(self.home / "config"), "PATH": os.defpath}
        process = await asyncio.create_subprocess_exec(
            program or self.programs[-1],
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        out, err = await process.communicate(stdin)
        return Said(process.returncode or 0, out.decode(), err.decode())
