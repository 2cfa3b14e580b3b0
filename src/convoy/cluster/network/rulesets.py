"""An nftables table as data, and the change from one to another as transactions.

Pure text for `nft -f -`, which the kernel takes as a whole or not at all. What stays is not touched: sets
keep the clients they remember, and the cost of a change is that of what changed.

A usual change is one transaction. Only so much fits into one, and an ordinary user cannot have the kernel
take more; a larger change is cut where that does no harm: new chains are complete before anything leads
there, each Service changes at once, and what nothing leads to any more goes last.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

TABLE = "ip convoy_services"
_MOST_TEXT = 40_000  # bytes; the kernel's form is three to four times as long, and 208 KiB of it are taken


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Chains, sets and the elements of maps.

    Chains by name with their lines, of which a base chain's first says where it hooks in; sets and maps by
    name with their definition (`set { ... }`); verdicts by (map, key).
    """

    chains: Mapping[str, tuple[str, ...]]
    sets: Mapping[str, str]
    elements: Mapping[tuple[str, str], str]


NOTHING = Ruleset({}, {}, {})


def build_transactions(old: Ruleset | None, new: Ruleset) -> list[str]:
    """What makes `new` of `old`; of whatever there is, if that is None. Empty when nothing changes."""
    before = old or NOTHING
    steps = [
        *([[f"add table {TABLE}"], [f"delete table {TABLE}", f"add table {TABLE}"]] if old is None else []),
        *([_command("add chain", _declared(name, new))] for name in new.chains if name not in before.chains),
        *([_define(name, new.sets[name])] for name in new.sets if name not in before.sets),
        *_fill(before, new),
        *_refill(before, new),
        *_move_elements(before, new),
        *([_command("flush chain", name)] for name in _gone(before.chains, new.chains)),
        *([_command("delete chain", name)] for name in _gone(before.chains, new.chains)),
        *([_undefine(name, before.sets[name])] for name in _gone(before.sets, new.sets)),
    ]
    return list(_cut(steps))


def _cut(steps: Iterable[list[str]]) -> Iterator[str]:
    """Steps as transactions, each of as many whole steps as surely fit."""
    gathered: list[str] = []
    size = 0
    for step in steps:
        text = "".join(f"{command}\n" for command in step)
        if gathered and size + len(text) > _MOST_TEXT:
            yield "".join(gathered)
            gathered, size = [], 0
        gathered.append(text)
        size += len(text)
    if gathered:
        yield "".join(gathered)


def _command(verb: str, what: str) -> str:
    return f"{verb} {TABLE} {what}"


def _gone(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    return (name for name in old if name not in new)


def _declared(name: str, ruleset: Ruleset) -> str:
    hook = _hook(ruleset.chains[name])
    return f"{name} {{ {hook} policy accept; }}" if hook else name


def _hook(lines: tuple[str, ...]) -> str:
    return lines[0] if lines and lines[0].startswith("type ") else ""


def _define(name: str, definition: str) -> str:
    kind, _, body = definition.partition(" ")
    return f"add {kind} {TABLE} {name} {body}"


def _undefine(name: str, definition: str) -> str:
    return f"delete {definition.partition(' ')[0]} {TABLE} {name}"


def _fill(old: Ruleset, new: Ruleset) -> Iterator[list[str]]:
    """The rules of new chains; those that lead to others come after these."""
    for name, lines in new.chains.items():
        if name not in old.chains:
            yield list(_rules(name, lines))


def _refill(old: Ruleset, new: Ruleset) -> Iterator[list[str]]:
    for name, lines in new.chains.items():
        if old.chains.get(name, lines) != lines:
            yield [_command("flush chain", name), *_rules(name, lines)]


def _rules(name: str, lines: tuple[str, ...]) -> Iterator[str]:
    return (_command("add rule", f"{name} {line}") for line in (lines[1:] if _hook(lines) else lines))


def _move_elements(old: Ruleset, new: Ruleset) -> Iterator[list[str]]:
    for where, key in {**old.elements, **new.elements}:
        before, verdict = old.elements.get((where, key)), new.elements.get((where, key))
        if before != verdict:
            gone = [_command("delete element", f"{where} {{ {key} }}")] if before else []
            yield gone + ([_command("add element", f"{where} {{ {key} : {verdict} }}")] if verdict else [])
