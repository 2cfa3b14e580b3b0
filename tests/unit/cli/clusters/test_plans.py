"""Which clusters `convoy up` starts, by what is said now and what was said before."""

import socket
import stat
from pathlib import Path

import click
import pytest

from convoy.cli.clusters.addresses import holder_address
from convoy.cli.clusters.holder import cut_log
from convoy.cli.clusters.listeners import bind_listener, port_of
from convoy.cli.clusters.plans import (
    ClusterPlan,
    demo_path,
    load_plans,
    save_plans,
    world_folder,
    world_path,
)
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.up import choose_plans, parse_names

BEFORE = (ClusterPlan("east", nodes=3, port=7001), ClusterPlan("west", ephemeral=True, port=7002))


def test_first_time_there_are_two_clusters():
    assert [plan.name for plan in choose_plans((), None, None, ephemeral=False)] == ["cluster1", "cluster2"]


def test_clusters_come_back_as_they_were():
    assert choose_plans(BEFORE, None, None, ephemeral=False) == BEFORE


def test_what_is_said_now_counts_and_ports_stay():
    chosen = choose_plans(BEFORE, ["east", "north"], 2, ephemeral=False)
    assert chosen == (ClusterPlan("east", nodes=2, port=7001), ClusterPlan("north", nodes=2))


@pytest.mark.parametrize("text", ["", ",", "East", "a b", "a,a", "x" * 64, "a.b"])
def test_names_that_cannot_be_host_names_are_refused(text):
    with pytest.raises(click.BadParameter):
        parse_names(text)


def test_plans_are_remembered(tmp_path):
    assert load_plans(tmp_path) == ()
    save_plans(tmp_path, BEFORE)
    assert load_plans(tmp_path) == BEFORE


def test_spoiled_memory_is_said_in_a_sentence(tmp_path):
    (tmp_path / "clusters.json").write_text("[{]")
    with pytest.raises(LocalMeshError, match="remove it"):
        load_plans(tmp_path)


def test_port_of_last_time_is_taken_again_unless_somebody_has_it():
    with bind_listener(0) as first:
        port = port_of(first)
        with bind_listener(port) as second:
            assert port_of(second) not in (0, port)
    with bind_listener(port) as again:
        assert port_of(again) == port


def test_long_log_keeps_its_newest_lines(tmp_path):
    log = tmp_path / "world.log"
    log.write_bytes(b"".join(b"line %d\n" % number for number in range(1000)))
    log.chmod(0o600)
    cut_log(log, most=100_000, kept=50)
    assert log.read_bytes().count(b"\n") == 1000
    cut_log(log, most=1000, kept=50)
    assert log.read_bytes() == b"line 995\nline 996\nline 997\nline 998\nline 999\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_commands_are_about_the_demo_only_while_it_alone_runs(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CONVOY_HOME", str(tmp_path))
    own, demo = tmp_path / "world", tmp_path / "demo" / "world"
    assert (world_path(), demo_path()) == (own, demo)
    with held(demo):
        assert world_path() == demo
        with held(own):
            assert world_path() == own
    assert world_path() == own
    assert world_folder() == own


def held(folder: Path) -> socket.socket:
    """What tells others that a world runs from a folder."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(holder_address(folder))
    listener.listen()
    return listener
