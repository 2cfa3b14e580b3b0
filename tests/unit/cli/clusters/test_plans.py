"""Which clusters `convoy up` starts, by what is said now and what was said before."""

import stat

import click
import pytest

from convoy.cli.clusters.holder import cut_log
from convoy.cli.clusters.listeners import bind_listener, port_of
from convoy.cli.clusters.plans import ClusterPlan, load_plans, save_plans
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
