"""An nftables table as data, and the change from one to another as one transaction.

Pure text for `nft -f -`, which the kernel takes as a whole or not at all. What stays is not touched: sets
keep the clients they remember, and the cost of a change is that of what changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TABLE = "ip convoy_services"


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


def build_transaction(old: Ruleset | None, new: Ruleset) -> str:
    """What makes `new` of `old`; of whatever there is, if that is None. Empty when nothing changes."""
    before = old or NOTHING
    commands = [
        *_commands("add chain", (_declared(name, new) for name in new.chains if name not in before.chains)),
        *(_define(name, new.sets[name]) for name in new.sets if name not in before.sets),
        *_refill(before, new),
        *_move_elements(before, new),
        *_commands("flush chain", _gone(before.chains, new.chains)),
        *_commands("delete chain", _gone(before.chains, new.chains)),
        *(_undefine(name, before.sets[name]) for name in _gone(before.sets, new.sets)),
    ]
    if old is None:
        commands = [f"add table {TABLE}", f"delete table {TABLE}", f"add table {TABLE}", *commands]
    return "".join(f"{command}\n" for command in commands)


def _commands(verb: str, what: Iterator[str]) -> Iterator[str]:
    return (f"{verb} {TABLE} {each}" for each in what)


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


def _refill(old: Ruleset, new: Ruleset) -> Iterator[str]:
    for name, lines in new.chains.items():
        before = old.chains.get(name)
        if before == lines:
            continue
        if before is not None:
            yield f"flush chain {TABLE} {name}"
        for line in lines[1:] if _hook(lines) else lines:
            yield f"add rule {TABLE} {name} {line}"


def _move_elements(old: Ruleset, new: Ruleset) -> Iterator[str]:
    for (where, key), verdict in old.elements.items():
        if new.elements.get((where, key)) != verdict:
            yield f"delete element {TABLE} {where} {{ {key} }}"
    for (where, key), verdict in new.elements.items():
        if old.elements.get((where, key)) != verdict:
            yield f"add element {TABLE} {where} {{ {key} : {verdict} }}"
