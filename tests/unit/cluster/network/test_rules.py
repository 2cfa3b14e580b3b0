"""Forwarding rules as an nftables table, and the way from one table to the next."""

import random
from itertools import pairwise

import pytest
from msgspec.structs import replace as with_fields
from tests.unit.cluster.network.tables import PLAN, A, B, C, applied, random_rules, sorted_blocks

from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.rules import build_ruleset
from convoy.cluster.network.rulesets import Ruleset, build_transactions

WEB = ForwardingRule(("198.18.16.1",), "tcp", 80, (A, B))


def build_transaction(old: Ruleset | None, new: Ruleset) -> str:
    """A change so small that it is one transaction, if any."""
    transactions = build_transactions(old, new)
    assert len(transactions) < 2
    return "".join(transactions)


def ruleset(*rules: ForwardingRule) -> Ruleset:
    return build_ruleset(rules, PLAN)


def test_an_address_leads_to_its_services_chain() -> None:
    made = ruleset(with_fields(WEB, addresses=("198.18.16.1", "198.19.0.9")))
    assert made.elements == {
        ("services", "198.18.16.1 . tcp . 80"): "goto service_198_18_16_1_tcp_80",
        ("services", "198.19.0.9 . tcp . 80"): "goto service_198_18_16_1_tcp_80",
    }


def test_several_targets_are_chosen_from_by_chance() -> None:
    made = ruleset(WEB)
    assert made.chains["service_198_18_16_1_tcp_80"] == (
        "numgen random mod 2 vmap { 0 : goto to_198_18_1_2_8080, 1 : goto to_198_18_1_3_8080 }",
    )
    assert "dnat to 198.18.1.3:8080" in made.chains["to_198_18_1_3_8080"][-1]


def test_a_target_that_calls_itself_is_hidden_from_itself() -> None:
    assert ruleset(WEB).chains["to_198_18_1_2_8080"][0] == "ip saddr 198.18.1.2 meta mark set 0x4000"


def test_a_client_is_hidden_only_where_the_rule_says_so() -> None:
    name = "service_198_18_16_1_tcp_80"
    assert ruleset(with_fields(WEB, masquerades=True)).chains[name][0] == "meta mark set 0x4000"
    assert "mark" not in ruleset(WEB).chains[name][0]


def test_clients_near_targets_of_their_own_go_there() -> None:
    made = ruleset(with_fields(WEB, nearby=(("198.18.1.0/24", (A,)), ("198.18.2.0/24", ()))))
    name = "service_198_18_16_1_tcp_80"
    assert made.chains[name][:2] == (
        f"ip saddr 198.18.1.0/24 goto {name}_for_198_18_1_0_24",
        f"ip saddr 198.18.2.0/24 goto {name}_for_198_18_2_0_24",
    )
    assert made.chains[f"{name}_for_198_18_1_0_24"] == ("goto to_198_18_1_2_8080",)
    assert made.chains[f"{name}_for_198_18_2_0_24"] == ("drop",)


def test_a_rule_without_targets_refuses_or_drops() -> None:
    nobody = with_fields(WEB, targets=())
    assert ruleset(nobody).elements == {("nobody", "198.18.16.1 . tcp . 80"): "goto refuse"}
    assert set(ruleset(with_fields(nobody, drops=True)).elements.values()) == {"drop"}


def test_clients_are_remembered_per_target_and_rule() -> None:
    made = ruleset(with_fields(WEB, affinity=60))
    memory = "clients_to_198_18_1_2_8080_from_198_18_16_1_tcp_80_60"
    target = "to_198_18_1_2_8080_from_198_18_16_1_tcp_80"
    assert made.sets[memory] == "set { type ipv4_addr; flags dynamic,timeout; timeout 60s; }"
    assert made.chains["service_198_18_16_1_tcp_80"][0] == f"ip saddr @{memory} goto {target}"
    assert made.chains[target][0] == f"update @{memory} {{ ip saddr }}"


def test_nothing_is_sent_when_nothing_changed() -> None:
    assert build_transaction(ruleset(WEB), ruleset(WEB)) == ""


def test_a_target_less_touches_its_service_alone() -> None:
    other = ForwardingRule(("198.18.16.2",), "tcp", 80, (A,))
    commands = build_transaction(ruleset(WEB, other), ruleset(with_fields(WEB, targets=(A,)), other))
    assert commands.splitlines() == [
        "flush chain ip convoy_services service_198_18_16_1_tcp_80",
        "add rule ip convoy_services service_198_18_16_1_tcp_80 goto to_198_18_1_2_8080",
        "flush chain ip convoy_services to_198_18_1_3_8080",
        "delete chain ip convoy_services to_198_18_1_3_8080",
    ]


def test_who_is_remembered_stays_while_other_targets_come_and_go() -> None:
    lasting = with_fields(WEB, affinity=60)
    commands = build_transaction(ruleset(lasting), ruleset(with_fields(lasting, targets=(A, B, C))))
    assert [line for line in commands.splitlines() if line.split()[1] in ("set", "table")] == [
        "add set ip convoy_services clients_to_198_18_2_4_9090_from_198_18_16_1_tcp_80_60 "
        "{ type ipv4_addr; flags dynamic,timeout; timeout 60s; }"
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_ends_with_the_same_table_by_whatever_steps(seed: int) -> None:
    chance = random.Random(seed)
    steps = [ruleset(*random_rules(chance)) for _ in range(8)]
    transactions = [build_transaction(None, steps[0])]
    transactions += [build_transaction(old, new) for old, new in pairwise(steps)]
    step_by_step = applied(*(each for each in transactions if each))
    at_once = applied(build_transaction(None, steps[-1]))
    assert sorted_blocks(step_by_step) == sorted_blocks(at_once)


def test_a_table_can_be_emptied_again() -> None:
    full = ruleset(with_fields(WEB, affinity=60))
    listing = applied(build_transaction(None, full), build_transaction(full, ruleset()))
    assert "198.18.1." not in listing


def _many(count: int, *targets: tuple[str, int]) -> Ruleset:
    return ruleset(
        *(
            ForwardingRule((f"198.18.{17 + number // 200}.{number % 200}",), "tcp", 80, targets)
            for number in range(count)
        )
    )


def test_a_change_too_large_for_the_kernel_is_cut() -> None:
    first, second = _many(800, A), _many(800, A, B)
    steps = [
        build_transactions(None, first),
        build_transactions(first, second),
        build_transactions(second, ruleset()),
    ]
    assert [len(each) > 1 for each in steps] == [True, True, True]
    assert max(len(text) for each in steps for text in each) < 41_000
    assert sorted_blocks(applied(*steps[0], *steps[1])) == sorted_blocks(
        applied(*build_transactions(None, second))
    )
    assert "198.18.1." not in applied(*(text for each in steps for text in each))


def test_a_service_whose_targets_change_is_changed_in_one_transaction() -> None:
    for text in build_transactions(_many(800, A), _many(800, A, B)):
        commands = [line.split() for line in text.splitlines()]
        flushed = [command[4] for command in commands if command[0] == "flush"]
        filled = [command[4] for command in commands if command[:2] == ["add", "rule"]]
        assert [name for name in flushed if name not in filled] == []
