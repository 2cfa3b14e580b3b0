"""What the kernel makes of transactions, and rules to try it with."""

import random
import shutil
import subprocess

from convoy.cluster.network.forwarding import ForwardingRule
from convoy.cluster.network.links import find_nft
from convoy.cluster.network.rules import RouterPlan

PLAN = RouterPlan("198.18.0.0/20", "198.18.16.0/20", "pods", "wan0", "198.19.0.0/24")
A, B, C = ("198.18.1.2", 8080), ("198.18.1.3", 8080), ("198.18.2.4", 9090)


def random_rules(chance: random.Random) -> list[ForwardingRule]:
    """Up to six rules for addresses of eight."""
    rules = []
    for number in chance.sample(range(1, 9), chance.randint(0, 6)):
        targets = tuple(sorted(chance.sample((A, B, C), chance.randint(0, 3))))
        near = chance.choice([(), (("198.18.1.0/24", targets[:1]), ("198.18.2.0/24", ()))])
        rules.append(
            ForwardingRule(
                (f"198.18.16.{number}", f"198.19.0.{number}"),
                chance.choice(["tcp", "udp"]),
                chance.choice([53, 80]),
                targets,
                nearby=near,
                masquerades=chance.random() < 0.3,
                affinity=chance.choice([0, 0, 60, 90]),
                allowed=chance.choice([(), ("10.0.0.0/8", "198.19.0.0/24")]),
                drops=chance.random() < 0.3,
            )
        )
    return rules


def _nft(script: str) -> str:
    """What nft lists at the end of a script, in a network namespace of its own."""
    unshare = shutil.which("unshare")
    assert unshare is not None
    command = [unshare, "--user", "--map-root-user", "--net", "sh"]
    result = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def applied(*transactions: str) -> str:
    """The table at the end of some transactions."""
    nft = find_nft()
    parts = [f"{nft} -f - <<'END' || exit 1\n{each}END\n" for each in transactions]
    return _nft("".join(parts) + f"{nft} -s list ruleset")


def sorted_blocks(listing: str) -> list[str]:
    """Chains, sets and maps of a listing, whose order is that of their making; likewise elements."""
    blocks = listing.replace("\n\t\t\t     ", " ").split("\n\n")
    inner = [block.replace("table ip convoy_services {\n", "").rstrip("}\n\t ") for block in blocks]
    return sorted(_sorted_elements(block) for block in inner)


def _sorted_elements(block: str) -> str:
    head, found, elements = block.partition("elements = {")
    return head + found + ",".join(sorted(part.strip(" }\n\t") for part in elements.split(",")))
