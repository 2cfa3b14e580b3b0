"""A user's own images: read with their folder, and every mistake said with its line."""

import pytest

from convoy.cli.clusters.images import find_images, load_images
from convoy.cli.local.errors import LocalMeshError

GOOD = """\
images:
- image: example.com/shop/*
  command: [python, cart.py]
  args: ["8080"]
  env: {MODE: local}
  workingDir: cart
- image: tool
  command: [ls]
"""


def test_entries_stand_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "images.yaml"
    path.write_text(GOOD)
    shop, tool = load_images(path)
    assert (shop.pattern, shop.argv, shop.args) == ("example.com/shop/*", ("python", "cart.py"), ("8080",))
    assert (shop.env, shop.cwd, shop.keep) == (
        {"MODE": "local"},
        str(tmp_path / "cart"),
        (str(tmp_path / "cart"),),
    )
    assert (tool.argv, tool.cwd, tool.keep) == (("ls",), "/", ())


def test_home_has_the_usual_file_or_none(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVOY_HOME", str(tmp_path))
    assert find_images(None) == ()
    (tmp_path / "images.yaml").write_text(GOOD)
    assert len(find_images(None)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("images: x\n", ["images.yaml:1: images: the file must have a list"]),
        ("images:\n- image: a\n", ["images.yaml:2: images[0].command: is missing"]),
        (
            "images:\n- command: [1]\n  img: a\n",
            [
                "images[0].image: is missing",
                ":2: images[0].command: must be a list",
                ":3: images[0].img: unknown",
            ],
        ),
        ("images:\n- image: a\n  command: [ls]\n  env: {A: 1}\n", [":4: images[0].env: must be texts"]),
        ("images: [\n", ["images.yaml:"]),
        ("images:\n- image: a\n  image: b\n  command: [ls]\n", ["given twice"]),
    ],
)
def test_every_mistake_is_said_with_its_line(tmp_path, text, words):
    path = tmp_path / "images.yaml"
    path.write_text(text)
    with pytest.raises(LocalMeshError) as refused:
        load_images(path)
    assert [word for word in words if word not in str(refused.value)] == []


def test_missing_file_is_said_in_a_sentence(tmp_path):
    with pytest.raises(LocalMeshError, match="cannot be read"):
        load_images(tmp_path / "none.yaml")
