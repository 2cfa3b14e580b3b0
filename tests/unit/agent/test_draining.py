"""Facts about when a stopping sidecar counts as idle."""

import pytest

from convoy.agent.draining import count_open, count_work

IDLE = """\
http.admin.other: 1
http.inbound_9080.downstream_cx_active: 3
http.inbound_9080.downstream_rq_active: 0
http.inbound_9081.downstream_cx_active: 0
http.inbound_9081.downstream_rq_active: 0
listener.0.0.0.0_15006.downstream_cx_active: 3
"""
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:3A99 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0109A8C6:3A99 0209A8C6:D431 06 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0109A8C6:1F90 0209A8C6:3A99 01 00000000:00000000 00:00000000 00000000     0        0 3 1
"""


def test_kept_connections_without_requests_are_idle():
    assert count_work(IDLE) == 0
    assert count_work("") == 0


@pytest.mark.parametrize(
    ("old", "new", "work"),
    [
        ("9081.downstream_rq_active: 0", "9081.downstream_rq_active: 2", 2),
        ("15006.downstream_cx_active: 3", "15006.downstream_cx_active: 4", 1),
    ],
)
def test_requests_and_connections_of_other_protocols_are_work(old, new, work):
    assert count_work(IDLE.replace(old, new)) == work


def test_listening_sockets_and_those_that_ended_are_not_open():
    assert count_open(TABLE, port=15001) == 0
    assert count_open("", port=15001) == 0


@pytest.mark.parametrize("state", ["01", "08"])
def test_connections_that_the_proxy_still_holds_are_open(state):
    assert count_open(TABLE.replace(" 06 ", f" {state} "), port=15001) == 1
