"""Facts about the text of the capture rules; that they work is shown in `tests/envoy/test_agent.py`."""

from convoy.agent.capture import build_capture_rules

RULES = build_capture_rules(mark=1337, dns_port=15053)


def place(words):
    lines = [line.strip() for line in RULES.splitlines()]
    (index,) = [i for i, line in enumerate(lines) if line.startswith(words)]
    return index


def test_rules_stand_in_the_order_that_carries_their_meaning():
    order = [
        'oifname "lo" meta mark 1337 ip saddr != 127.0.0.6 ip daddr != 127.0.0.1',
        "meta mark 1337 return",
        "udp dport 53 redirect to :15053",
        "tcp dport 53 redirect to :15053",
        "ip daddr { 240.0.0.0/4, 127.255.0.0/16 }",
        'oifname "lo" return',
        "ip daddr 127.0.0.0/8 return",
        "meta l4proto tcp redirect to :15001",
    ]
    assert [place(words) for words in order] == sorted(place(words) for words in order)


def test_probes_of_the_agent_are_not_captured():
    assert place("tcp dport { 15020, 15021, 15090 } return") < place("meta l4proto tcp redirect to :15006")


def test_rules_replace_those_of_an_earlier_start():
    assert RULES.splitlines()[:2] == ["table inet convoy", "delete table inet convoy"]
