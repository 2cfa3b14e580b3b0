"""Which program stands for an image, and what a pod spec changes about it."""

import sys
from pathlib import Path

import msgspec
import pytest

from convoy.api.kube.core import Container
from convoy.cluster.images import SOURCE_TREE, UnknownImageError, build_command, find_entry, parse_image
from convoy.cluster.types import ImageEntry

OWN = ImageEntry("example/app", ("app-server", "--serve"), args=("--port", "80"), cwd="/srv")


def _container(**fields: object) -> Container:
    return msgspec.convert({"name": "app", **fields}, Container)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nginx", ("", "nginx", "")),
        ("docker.io/library/nginx:1.27", ("", "nginx", "1.27")),
        ("localhost:5000/team/app:v1", ("localhost:5000", "team/app", "v1")),
        ("quay.io/app@sha256:" + "0" * 64, ("quay.io", "app", "")),
        ("team/app:v1@sha256:" + "0" * 64, ("", "team/app", "v1")),
    ],
)
def test_an_image_name_has_parts(name: str, parts: tuple[str, str, str]) -> None:
    parsed = parse_image(name)
    assert (parsed.registry, parsed.repository, parsed.tag) == parts


@pytest.mark.parametrize("prefix", ["", "docker.io/", "registry.example.com/"])
@pytest.mark.parametrize("tag", ["", ":1.20.2", ":latest"])
def test_a_bookinfo_image_is_known_by_any_registry_and_tag(prefix: str, tag: str) -> None:
    command = build_command(_container(image=f"{prefix}istio/examples-bookinfo-reviews-v2{tag}"), ())
    assert command.argv == (sys.executable, "samples/bookinfo/src/reviews.py", "9080")
    assert command.env == {"SERVICE_VERSION": "v2"}
    assert command.cwd == SOURCE_TREE


@pytest.mark.parametrize("app", ["productpage", "details", "ratings"])
def test_the_other_bookinfo_apps_are_known(app: str) -> None:
    command = build_command(_container(image=f"istio/examples-bookinfo-{app}-v1:1.20"), ())
    assert command.argv[1] == f"samples/bookinfo/src/{app}.py"


@pytest.mark.parametrize(
    ("image", "program"),
    [
        ("docker.io/istio/examples-helloworld-v2:1.0", "helloworld"),
        ("kennethreitz/httpbin", "httpbin"),
        ("docker.io/mccutchen/go-httpbin:v2.15.0", "httpbin"),
        ("istio/tcp-echo-server:1.3", "tcp_echo"),
    ],
)
def test_the_other_samples_are_known_and_there(image: str, program: str) -> None:
    command = build_command(_container(image=image), ())
    assert Path(command.cwd, command.argv[1]).is_file()
    assert Path(command.argv[1]).stem == program


def test_a_pattern_with_registry_or_tag_matches_only_those() -> None:
    tagged = ImageEntry("quay.io/team/app:v1", ("one",))
    assert find_entry("quay.io/team/app:v1", [tagged]) is tagged
    assert find_entry("quay.io/team/app:v2", [tagged]) is None
    assert find_entry("team/app:v1", [tagged]) is None


def test_the_callers_entries_come_first() -> None:
    mine = ImageEntry("curlimages/curl", ("mine",))
    assert build_command(_container(image="curlimages/curl"), [mine]).argv == ("mine",)


def test_args_replace_the_images_args_and_keep_its_entry_point() -> None:
    assert build_command(_container(image="example/app"), [OWN]).argv == (
        "app-server",
        "--serve",
        "--port",
        "80",
    )
    command = build_command(_container(image="example/app", args=["--help"]), [OWN])
    assert command.argv == ("app-server", "--serve", "--help")


def test_a_command_replaces_all_of_it() -> None:
    command = build_command(_container(image="example/app", command=["sh", "-c"], args=["true"]), [OWN])
    assert command.argv == ("sh", "-c", "true")
    assert command.cwd == "/srv"


def test_a_working_directory_of_the_pod_spec_wins() -> None:
    assert build_command(_container(image="example/app", workingDir="/tmp"), [OWN]).cwd == "/tmp"


def test_an_unknown_image_says_what_to_do() -> None:
    with pytest.raises(UnknownImageError, match=r'"ghcr.io/x/y" stands for no program here; map it'):
        build_command(_container(image="ghcr.io/x/y"), ())


def test_an_unknown_image_runs_a_command_that_is_here() -> None:
    assert build_command(_container(image="x/y", command=["sh"]), ()).argv == ("sh",)
    with pytest.raises(UnknownImageError, match='this machine has no "no-such-program"'):
        build_command(_container(image="x/y", command=["no-such-program"]), ())
