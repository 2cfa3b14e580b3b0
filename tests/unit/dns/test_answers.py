"""Facts about what the table says to a question."""

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from convoy.dns.answers import (
    TTL_SECONDS,
    answer_failure,
    answer_from_table,
    answer_malformed,
    encode,
    find_addresses,
    fit_udp,
    parse_query,
    soften_denial,
)
from convoy.dns.table import build_name_table

TABLE = build_name_table(
    {
        "reviews.default.global": ["240.0.0.3"],
        "both.example": ["192.0.2.1", "2001:db8::1"],
        "*.wild.example": ["192.0.2.7"],
        "*.deep.wild.example": ["192.0.2.8"],
        "own.wild.example": ["192.0.2.9"],
        "empty.example": [],
        "many.example": [f"192.0.2.{i}" for i in range(1, 101)],
    }
)


def query(name, rdtype="A", **options):
    return dns.message.make_query(name, rdtype, **options)


def addresses(reply):
    return [item.to_text() for rrset in reply.answer for item in rrset]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("reviews.default.global.", ("240.0.0.3",)),
        ("REVIEWS.default.Global.", ("240.0.0.3",)),
        ("a.wild.example.", ("192.0.2.7",)),
        ("a.b.wild.example.", ("192.0.2.7",)),
        ("a.deep.wild.example.", ("192.0.2.8",)),
        ("own.wild.example.", ("192.0.2.9",)),
        ("wild.example.", None),
        ("reviews.", None),
        ("global.", None),
        (".", None),
        ("empty.example.", ()),
    ],
)
def test_own_entry_wins_over_nearest_wildcard(name, found):
    assert find_addresses(TABLE, name) == found


def test_known_name_is_answered_with_a_short_ttl():
    reply = answer_from_table(query("reviews.default.global."), TABLE)
    assert addresses(reply) == ["240.0.0.3"]
    assert reply.answer[0].ttl == TTL_SECONDS <= 30
    assert reply.flags & dns.flags.RA


@pytest.mark.parametrize("name", ["reviews.default.global.", "empty.example."])
def test_known_name_without_aaaa_has_no_records_and_is_not_denied(name):
    reply = answer_from_table(query(name, "AAAA"), TABLE)
    assert (reply.rcode(), addresses(reply)) == (dns.rcode.NOERROR, [])


def test_each_family_gets_its_own_addresses():
    assert addresses(answer_from_table(query("both.example."), TABLE)) == ["192.0.2.1"]
    assert addresses(answer_from_table(query("both.example.", "AAAA"), TABLE)) == ["2001:db8::1"]


@pytest.mark.parametrize(("name", "rdtype"), [("elsewhere.example.", "A"), ("both.example.", "TXT")])
def test_other_questions_are_left_to_the_cluster(name, rdtype):
    assert answer_from_table(query(name, rdtype), TABLE) is None


def test_class_chaos_is_left_to_the_cluster():
    assert answer_from_table(query("both.example.", rdclass="CH"), TABLE) is None


def test_addresses_take_turns_at_being_first():
    firsts = [addresses(answer_from_table(query("many.example."), TABLE, first=i))[0] for i in range(3)]
    assert len(set(firsts)) == 3


def test_reply_has_id_question_and_edns_of_the_query():
    asked = query("reviews.default.global.", use_edns=0)
    reply = answer_from_table(asked, TABLE)
    assert (reply.id, reply.question, reply.edns) == (asked.id, asked.question, 0)


def denial_of(asked):
    reply = dns.message.make_response(asked)
    reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


def test_denial_of_a_known_name_becomes_no_records():
    asked = query("reviews.default.global.", "TXT")
    softened = dns.message.from_wire(soften_denial(asked, denial_of(asked), TABLE))
    assert (softened.rcode(), softened.id) == (dns.rcode.NOERROR, asked.id)


def test_denial_of_an_unknown_name_stays():
    asked = query("nowhere.example.")
    assert soften_denial(asked, denial_of(asked), TABLE) == denial_of(asked)


@pytest.mark.parametrize(
    ("options", "truncated"),
    [
        ({"use_edns": False}, True),
        ({"use_edns": 0, "payload": 4096}, False),
        ({"use_edns": 0, "payload": 100}, True),
    ],
)
def test_reply_that_does_not_fit_is_truncated(options, truncated):
    asked = query("many.example.", **options)
    fitted = dns.message.from_wire(fit_udp(asked, encode(answer_from_table(asked, TABLE))))
    assert bool(fitted.flags & dns.flags.TC) == truncated


def test_failure_says_so():
    assert answer_failure(query("a.example.")).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, b"\xff" * 40, denial_of(query("a.example."))])
def test_packets_that_are_no_query_are_recognised(wire):
    assert parse_query(wire) is None


def test_malformed_query_is_told_so_and_stray_reply_is_not_answered():
    broken = query("a.example.").to_wire()[:14]
    assert dns.message.from_wire(answer_malformed(broken)).rcode() == dns.rcode.FORMERR
    assert answer_malformed(denial_of(query("a.example."))) is None
