"""What one run of the drive works with: a kubectl, its home, and names of its own."""

import random
from dataclasses import dataclass
from pathlib import Path

WORDS = (
    *(
        "ns",
        "ingress",
        "spare",
        "missing",
        "web",
        "p1",
        "cm1",
        "s1",
        "old",
        "bad",
        "neg",
        "nx",
        "lit",
        "watched",
    ),
    *("adhoc", "role", "ssacm", "reviews", "httpbin", "gw", "badvs", "node"),
)
SUFFIX = 5  # always the same length, so that recorded bodies can be renamed


@dataclass(frozen=True)
class Kubectl:
    """A kubectl and the minor version it has."""

    program: Path
    minor: int

    @property
    def version(self) -> str:
        """Such as `1.33`."""
        return f"1.{self.minor}"


@dataclass(frozen=True)
class Scene:
    """A kubectl, the folder that is its home, the cluster's kubeconfig, and what `$words` stand for."""

    kubectl: Kubectl
    home: Path
    kubeconfig: Path
    names: dict[str, str]

    def env(self) -> dict[str, str]:
        """The environment of its commands."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        home = str(self.home)
        return {"HOME": home, "TMPDIR": home, "KUBECONFIG": str(self.kubeconfig), "PATH": path}


def random_names(rng: random.Random) -> dict[str, str]:
    """A name for each word, such as `web-x4k2q` for `web`."""
    names = {word: f"{word}-{_letters(rng)}" for word in WORDS}
    suffix = _letters(rng)
    return {
        **names,
        "kind": f"Widget{suffix}",
        "singular": f"widget{suffix}",
        "plural": f"widget{suffix}s",
        "short": f"wd{suffix}",
    }


def _letters(rng: random.Random) -> str:
    """Neither like a version, such as `v2`, nor like a plural."""
    return "".join(rng.choices("abcdefghijklmnopqr", k=SUFFIX))
