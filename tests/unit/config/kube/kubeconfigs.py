"""Kubeconfigs for tests, written as files."""

import base64
from pathlib import Path
from typing import Any

import yaml


def data(content: bytes | str) -> str:
    """As the fields that end in `-data` have it."""
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def named(kind: str, parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, kind: part} for name, part in parts.items()]


def write_kubeconfig(
    file: Path,
    *,
    clusters: dict[str, Any] | None = None,
    users: dict[str, Any] | None = None,
    contexts: dict[str, Any] | None = None,
    current: str = "",
) -> Path:
    """A file with these clusters, users and contexts by name."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": named("cluster", clusters or {}),
        "users": named("user", users or {}),
        "contexts": named("context", contexts or {}),
        "current-context": current,
        "preferences": {},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content))
    return file


def one_cluster(file: Path, *, server: str = "https://localhost:6443", user=None, **cluster: Any) -> Path:
    """A file with one of everything, all called `east`."""
    return write_kubeconfig(
        file,
        clusters={"east": {"server": server, **cluster}},
        users={"east": user or {}},
        contexts={"east": {"cluster": "east", "user": "east"}},
        current="east",
    )
