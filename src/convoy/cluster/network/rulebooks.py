"""All rules of a router by Service, and what a change of some of them means for the kernel's table.

Pure, and at the cost of what changes: a thousand other Services are not looked at. Services may share the
chains of pods, which are there for as long as one of them leads there. An address and port leads to one
Service: the first that has it keeps it until it lets go.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from convoy.cluster.network.conntrack import Fronts, changed_fronts, datagram_fronts
from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.rules import RouterPlan, build_rule_part, build_ruleset
from convoy.cluster.network.rulesets import Ruleset, build_transactions

Owner = tuple[str, str]  # a Service's namespace and name
Rules = tuple[ForwardingRule, ...]
_Front = tuple[str, str, int]
_Name = tuple[str, str, str]  # what sort of thing, and its name in the kernel's table
_Contents = dict[_Name, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Change:
    """The transactions to apply, and the fronts of datagrams that lead elsewhere after them."""

    transactions: list[str]
    fronts: Fronts


class RuleBook:
    """The rules as they are to be in force."""

    def __init__(self, plan: RouterPlan) -> None:
        self._plan = plan
        self._wanted: dict[Owner, Rules] = {}
        self._placed: dict[Owner, Rules] = {}
        self._fronts: dict[_Front, Owner] = {}
        self._waiting: set[Owner] = set()  # those that want a front that another one has
        self._uses: Counter[_Name] = Counter()

    def change(self, changes: Mapping[Owner, Rules]) -> Change:
        """Replace the rules of some Services; a Service that is gone has none."""
        owners = [*sorted(changes), *sorted(self._waiting.difference(changes))]
        old = [rule for owner in owners for rule in self._placed.get(owner, ())]
        self._wanted |= changes
        for owner in owners:
            self._let_go(owner)
        new = [rule for owner in owners for rule in self._place(owner)]
        old_contents, new_contents = dict(_contents(old)), dict(_contents(new))
        before = self._view(old_contents, new_contents)
        self._uses.subtract(name for name, _content in _contents(old))
        self._uses.update(name for name, _content in _contents(new))
        after = self._view(new_contents, old_contents)
        for name in old_contents:
            if not self._uses[name]:
                del self._uses[name]
        fronts = changed_fronts(datagram_fronts(old), datagram_fronts(new))
        return Change(build_transactions(before, after), fronts)

    def _view(self, contents: _Contents, others: _Contents) -> Ruleset:
        """What is used, of all that a change touches; what others use, too, is the same before and after."""
        chains, sets, elements = {}, {}, {}
        for name, content in {**others, **contents}.items():
            if not self._uses[name]:
                continue
            sort, first, second = name
            if sort == "chain":
                chains[first] = content
            elif sort == "set":
                sets[first] = content[0]
            else:
                elements[first, second] = content[0]
        return Ruleset(chains, sets, elements)

    def _let_go(self, owner: Owner) -> None:
        for rule in self._placed.pop(owner, ()):
            for front in _fronts_of(rule):
                del self._fronts[front]

    def _place(self, owner: Owner) -> Rules:
        """The rules of a Service, as far as nobody else has their fronts."""
        placed, is_whole = [], True
        for rule in self._wanted.get(owner, ()):
            free = tuple(front for front in _fronts_of(rule) if front not in self._fronts)
            is_whole = is_whole and len(free) == len(rule.addresses)
            self._fronts |= dict.fromkeys(free, owner)
            if free:
                placed.append(replace(rule, addresses=tuple(address for address, _, _ in free)))
        if is_whole:
            self._waiting.discard(owner)
        else:
            self._waiting.add(owner)
        if placed:
            self._placed[owner] = tuple(placed)
        if not self._wanted.get(owner):
            self._wanted.pop(owner, None)
        return tuple(placed)

    def everything(self) -> list[str]:
        """The transactions that make the table as it is to be, of whatever there is."""
        rules = (rule for owner in sorted(self._placed) for rule in self._placed[owner])
        return build_transactions(None, build_ruleset(rules, self._plan))


def _fronts_of(rule: ForwardingRule) -> list[_Front]:
    return [(address, rule.protocol, rule.port) for address in rule.addresses]


def _contents(rules: Iterable[ForwardingRule]) -> Iterator[tuple[_Name, tuple[str, ...]]]:
    """Everything that rules put into the table, once for each rule that does."""
    for rule in rules:
        part = build_rule_part(rule)
        for name, lines in part.chains.items():
            yield ("chain", name, ""), lines
        for name, definition in part.sets.items():
            yield ("set", name, ""), (definition,)
        for (where, key), verdict in part.elements.items():
            yield ("element", where, key), (verdict,)
