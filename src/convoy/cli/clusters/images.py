"""The user's own images: which local program stands for an image, from a YAML file.

images:
- image: example.com/shop/cart        # `*` allowed; registry and tag count only if they are given
  command: [python, cart.py]          # "python" is the Python that runs Convoy
  args: ["8080"]                      # what a pod's own args replace
  env: {MODE: local}
  workingDir: ./cart                  # from this file's folder; what the program may see
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convoy.api.yaml import Document, parse_yaml
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.state import home
from convoy.cluster.types import ImageEntry

_USUAL = "images.yaml"
_FIELDS = ("image", "command", "args", "env", "workingDir")


def find_images(chosen: Path | None) -> Sequence[ImageEntry]:
    """The table in the file that was chosen, or in the home's images.yaml.

    LocalMeshError says everything that is wrong with the file, each with its line.
    """
    path = chosen if chosen is not None else home() / _USUAL
    if chosen is None and not path.exists():
        return ()
    return load_images(path)


def load_images(path: Path) -> tuple[ImageEntry, ...]:
    """The entries of one file, in its order, which decides where two patterns match; LocalMeshError."""
    try:
        documents, problems = parse_yaml(path.read_bytes())
    except OSError as error:
        raise LocalMeshError(f"{path} cannot be read ({error.strerror}).") from None
    wrong = [f"{path}:{problem.line}: {problem.message} {problem.remedy}" for problem in problems]
    for document in documents:
        wrong += [f"{path}:{problem.line}: {problem.message}" for problem in document.problems]
        wrong += [
            f"{path}:{_line(document, place)}: {place}: {what}" for place, what in _mistakes(document.data)
        ]
    if wrong:
        raise LocalMeshError("The images file cannot be used:\n  " + "\n  ".join(wrong))
    folder = path.resolve().parent
    return tuple(_entry(item, folder) for document in documents for item in document.data["images"])


def _line(document: Document, place: str) -> int:
    """The line of a field, or of the nearest thing around it."""
    while place and place not in document.lines:
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return document.lines.get(place, 1)


def _mistakes(data: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(data, dict) or not isinstance(data.get("images"), list):
        yield "images", "the file must have a list `images`."
        return
    for index, item in enumerate(data["images"]):
        yield from _mistakes_of_item(f"images[{index}]", item)


def _mistakes_of_item(place: str, item: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(item, dict):
        yield place, "must have `image` and `command`."
        return
    for field in item:
        if field not in _FIELDS:
            yield f"{place}.{field}", f"unknown field; there are {', '.join(_FIELDS)}."
    for field in ("image", "workingDir"):
        if not isinstance(item.get(field, ""), str):
            yield f"{place}.{field}", "must be a text."
    if not item.get("image"):
        yield f"{place}.image", "is missing: say which image this is, such as example.com/shop/*."
    for field in ("command", "args"):
        value = item.get(field, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            yield f"{place}.{field}", "must be a list of texts; put numbers in quotes."
    if not item.get("command"):
        yield f"{place}.command", "is missing: say which program of this machine stands for the image."
    env = item.get("env", {})
    if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
        yield f"{place}.env", "must be texts by name; put numbers in quotes."


def _entry(item: dict[str, Any], folder: Path) -> ImageEntry:
    cwd = str((folder / item["workingDir"]).resolve()) if item.get("workingDir") else "/"
    return ImageEntry(
        item["image"],
        tuple(item["command"]),
        args=tuple(item.get("args", ())),
        env=item.get("env", {}),
        cwd=cwd,
        keep=(cwd,) if item.get("workingDir") else (),
    )
