"""Rules by Service, changed a few at a time."""

import random

import pytest
from msgspec.structs import replace
from tests.unit.cluster.network.tables import PLAN, A, B, applied, random_rules, sorted_blocks

from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.rulebooks import RuleBook

WEB, OTHER = ("default", "web"), ("default", "other")
RULE = ForwardingRule(("198.18.16.1",), "tcp", 80, (A, B))
OTHERS_RULE = ForwardingRule(("198.18.16.2",), "tcp", 80, (A,))


@pytest.fixture
def book() -> RuleBook:
    return RuleBook(PLAN)


def commands(transactions: list[str]) -> list[str]:
    """The commands of a change that is one transaction, if any, without the table's name."""
    assert len(transactions) < 2
    return [line.replace(" ip convoy_services", "") for text in transactions for line in text.splitlines()]


def test_a_change_touches_its_own_service_alone(book: RuleBook) -> None:
    book.change({WEB: (RULE,), OTHER: (OTHERS_RULE,)})
    change = book.change({WEB: (replace(RULE, targets=(A,)),)})
    assert commands(change.transactions) == [
        "flush chain service_198_18_16_1_tcp_80",
        "add rule service_198_18_16_1_tcp_80 goto to_198_18_1_2_8080",
        "flush chain to_198_18_1_3_8080",
        "delete chain to_198_18_1_3_8080",
    ]


def test_a_pods_chain_stays_while_any_service_leads_there(book: RuleBook) -> None:
    book.change({WEB: (RULE,), OTHER: (OTHERS_RULE,)})
    gone = commands(book.change({WEB: ()}).transactions)
    assert "delete chain to_198_18_1_3_8080" in gone
    assert "delete chain to_198_18_1_2_8080" not in gone
    assert "delete chain to_198_18_1_2_8080" in commands(book.change({OTHER: ()}).transactions)


def test_nothing_changes_when_the_rules_are_the_same(book: RuleBook) -> None:
    book.change({WEB: (RULE,)})
    assert book.change({WEB: (RULE,)}).transactions == []


def test_an_address_leads_to_the_service_that_had_it_first(book: RuleBook) -> None:
    book.change({WEB: (RULE,)})
    wanted = replace(OTHERS_RULE, addresses=("198.18.16.2", "198.18.16.1"))
    taken = commands(book.change({OTHER: (wanted,)}).transactions)
    assert [line for line in taken if "element" in line] == [
        "add element services { 198.18.16.2 . tcp . 80 : goto service_198_18_16_2_tcp_80 }"
    ]
    moved = commands(book.change({WEB: ()}).transactions)
    assert "add element services { 198.18.16.1 . tcp . 80 : goto service_198_18_16_2_tcp_80 }" in moved


def test_datagrams_are_forgotten_where_targets_change(book: RuleBook) -> None:
    dns = ForwardingRule(("198.18.16.10",), "udp", 53, (A,))
    book.change({WEB: (RULE,), OTHER: (dns,)})
    assert book.change({WEB: ()}).fronts == {}
    assert book.change({OTHER: (replace(dns, targets=(B,)),)}).fronts == {("198.18.16.10", 53): {B}}


@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_ends_with_the_same_table_by_whatever_changes(book: RuleBook, seed: int) -> None:
    chance = random.Random(seed)
    transactions = book.everything()
    for _ in range(12):
        owners = chance.sample([("default", name) for name in "abcde"], chance.randint(1, 3))
        transactions += book.change({owner: tuple(random_rules(chance)) for owner in owners}).transactions
    assert sorted_blocks(applied(*transactions)) == sorted_blocks(applied(*book.everything()))
