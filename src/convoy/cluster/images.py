"""Images as names for programs: which command of this machine stands for a container image.

Entries of the caller come before the built-in ones. Registry prefix and tag are ignored unless the pattern
has them. A command in the pod spec replaces the image's, as in Kubernetes; an image nobody mapped still runs
when its pod names a command that exists here.
"""

import fnmatch
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

import convoy
from convoy.api.kube.core import Container
from convoy.cluster.types import ImageEntry

SOURCE_TREE = str(Path(convoy.__file__).resolve().parents[2])
_BOOKINFO = "istio/examples-bookinfo-"
_DIGEST = re.compile(r"@[a-z0-9]+:[0-9a-f]+$")
_SLEEP = ("sleep", "infinity")


class UnknownImageError(Exception):
    """No program stands for the image; the text says what to do."""


class ImageName(msgspec.Struct, frozen=True):
    """An image name in parts; absent parts are empty."""

    registry: str
    repository: str
    tag: str


class Command(msgspec.Struct, frozen=True):
    """What to run for a container, before environment variables are expanded in it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str


def parse_image(name: str) -> ImageName:
    """Split `registry/repository:tag@digest`; `docker.io` and its `library/` count as no registry."""
    name = _DIGEST.sub("", name)
    first, slash, rest = name.partition("/")
    registry = ""
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, name = first, rest
    repository, _colon, tag = name.partition(":")
    if registry in ("docker.io", "index.docker.io"):
        registry = ""
    return ImageName(registry, repository.removeprefix("library/"), tag)


def _bookinfo(app: str, image: str, **env: str) -> ImageEntry:
    return ImageEntry(
        f"{_BOOKINFO}{image}",
        ("python", f"samples/bookinfo/src/{app}.py"),
        args=("9080",),
        env=env,
        cwd=SOURCE_TREE,
        keep=(SOURCE_TREE,),
    )


def _sample(folder: str, program: str, image: str, *args: str, **env: str) -> ImageEntry:
    argv = ("python", f"samples/{folder}/src/{program}.py")
    return ImageEntry(image, argv, args=args, env=env, cwd=SOURCE_TREE, keep=(SOURCE_TREE,))


BUILT_IN: tuple[ImageEntry, ...] = (
    *(_bookinfo(app, f"{app}-v1") for app in ("productpage", "details", "ratings")),
    *(_bookinfo("reviews", f"reviews-{version}", SERVICE_VERSION=version) for version in ("v1", "v2", "v3")),
    *(
        _sample("helloworld", "helloworld", f"istio/examples-helloworld-{version}", SERVICE_VERSION=version)
        for version in ("v1", "v2")
    ),
    _sample("httpbin", "httpbin", "mccutchen/go-httpbin", "8080"),
    *(_sample("httpbin", "httpbin", image, "80") for image in ("kennethreitz/httpbin", "kong/httpbin")),
    _sample("tcp-echo", "tcp_echo", "istio/tcp-echo-server", "9000", "hello"),
    ImageEntry("curlimages/curl", _SLEEP),
    ImageEntry("*/sleep", _SLEEP),
    ImageEntry("sleep", _SLEEP),
)


def find_entry(image: str, table: Sequence[ImageEntry]) -> ImageEntry | None:
    """The first entry of `table`, then of the built-in ones, that matches."""
    wanted = parse_image(image)
    for entry in (*table, *BUILT_IN):
        pattern = parse_image(entry.pattern)
        if (
            fnmatch.fnmatchcase(wanted.repository, pattern.repository)
            and pattern.registry in ("", wanted.registry)
            and pattern.tag in ("", wanted.tag)
        ):
            return entry
    return None


def build_command(container: Container, table: Sequence[ImageEntry]) -> Command:
    """What `container` runs; raises UnknownImageError."""
    entry = find_entry(container.image, table)
    cwd = container.working_dir or (entry.cwd if entry else "/")
    if container.command:
        if entry is None and not _is_here(container.command[0]):
            raise UnknownImageError(
                f'image "{container.image}" stands for no program here, and this machine has no '
                f'"{container.command[0]}"; map the image to a local command in images.yaml'
            )
        return Command(
            _with_interpreter((*container.command, *container.args)), entry.env if entry else {}, cwd
        )
    if entry is None:
        raise UnknownImageError(
            f'image "{container.image}" stands for no program here; map it to a local command in '
            "images.yaml, or give the container a command that this machine has"
        )
    return Command(_with_interpreter((*entry.argv, *(container.args or entry.args))), entry.env, cwd)


def image_id(container: Container, table: Sequence[ImageEntry]) -> str:
    """What a status calls the image that runs: a digest of the command that stands for it."""
    entry = find_entry(container.image, table)
    stands_for = repr((entry.argv, entry.args, entry.cwd)) if entry else container.image
    name = parse_image(container.image)
    registry = name.registry or "docker.io"
    return f"{registry}/{name.repository}@sha256:{hashlib.sha256(stands_for.encode()).hexdigest()}"


def _with_interpreter(argv: tuple[str, ...]) -> tuple[str, ...]:
    return (sys.executable, *argv[1:]) if argv[:1] == ("python",) else argv


def _is_here(program: str) -> bool:
    return shutil.which(program, path=default_path()) is not None


def default_path() -> str:
    """The search path of containers: this Python's own programs, then the system's, sbin included."""
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return f"{os.path.join(sys.prefix, 'bin')}:{system}"
