"""Which remembered datagram exchanges a change of the rules concerns."""

from convoy.cluster.network.conntrack import changed_fronts, datagram_fronts
from convoy.cluster.network.forwarding import ForwardingRule

A, B = ("198.18.1.2", 5353), ("198.18.1.3", 5353)
DNS = ForwardingRule(("198.18.16.10", "198.19.0.9"), "udp", 53, (A,))
FRONTS = (("198.18.16.10", 53), ("198.19.0.9", 53))


def test_datagrams_may_go_to_every_target_of_a_rule() -> None:
    near = ForwardingRule(("198.18.16.11",), "udp", 53, (A,), nearby=(("198.18.1.0/24", (B,)),))
    fronts = datagram_fronts([DNS, near, ForwardingRule(("198.18.16.12",), "tcp", 53, (A,))])
    assert fronts == dict.fromkeys(FRONTS, frozenset({A})) | {("198.18.16.11", 53): frozenset({A, B})}


def test_only_fronts_whose_targets_changed_are_looked_at() -> None:
    other = ForwardingRule(("198.18.16.11",), "udp", 53, (A,))
    moved = ForwardingRule(DNS.addresses, "udp", 53, (B,))
    changed = changed_fronts(datagram_fronts([DNS, other]), datagram_fronts([moved, other]))
    assert changed == dict.fromkeys(FRONTS, frozenset({B}))


def test_a_front_that_comes_or_goes_has_changed() -> None:
    assert changed_fronts({}, datagram_fronts([DNS])) == dict.fromkeys(FRONTS, frozenset({A}))
    assert changed_fronts(datagram_fronts([DNS]), {}) == dict.fromkeys(FRONTS, frozenset())
