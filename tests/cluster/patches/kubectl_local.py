"""The real patch code: `kubectl patch --local`, which needs no server, for many objects at a time."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

_DOCUMENT = re.compile(rb"^\}$", re.MULTILINE)


def find_kubectls() -> list[Path]:
    """Every kubectl on PATH, and those with a version in their name beside it; without repetitions."""
    found: dict[Path, None] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        program = shutil.which("kubectl", path=folder)
        if program is None:
            continue
        homes = {Path(program).parent, Path(program).resolve().parent}
        versions = sorted(each.resolve() for home in homes for each in home.glob("kubectl.[0-9]*"))
        found.update(dict.fromkeys(versions or [Path(program).resolve()]))
    return list(found)


def version_of(kubectl: Path, *, folder: Path) -> tuple[int, int]:
    """Such as (1, 33)."""
    command = [kubectl, "version", "--client", "-o", "json"]
    told = subprocess.run(command, capture_output=True, env=_environment(folder), timeout=60, check=True)
    version = orjson.loads(told.stdout)["clientVersion"]
    return int(version["major"]), int(version["minor"].rstrip("+"))


def _environment(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "PATH": os.defpath}


def patch_locally(
    kubectl: Path, objects: Sequence[dict[str, Any]], patch: Any, *, kind: str, folder: Path
) -> tuple[dict[str, dict[str, Any]], str]:
    """What kubectl makes of objects, by name, and what it complained of; those it refused are missing."""
    source = folder / "objects.json"
    source.write_bytes(orjson.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
    changes = orjson.dumps(patch).decode()
    command = [kubectl, "patch", "--local", "-f", source, "--type", kind, "-p", changes, "-o", "json"]
    done = subprocess.run(command, capture_output=True, env=_environment(folder), timeout=60)
    documents = _DOCUMENT.sub(b"}\0", done.stdout).split(b"\0")
    patched = [orjson.loads(each) for each in documents if each.strip()]
    return {each["metadata"]["name"]: each for each in patched}, done.stderr.decode()
