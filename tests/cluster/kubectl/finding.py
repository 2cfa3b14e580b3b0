"""The kubectls of this machine: those on PATH and beside it, and Debian's where apt can bring it."""

import shutil
import subprocess
from pathlib import Path

import orjson
from tests.cluster.kubectl.scenes import Kubectl
from tests.cluster.patches.kubectl_local import find_kubectls

PACKAGE = "kubernetes-client"
HOW_TO_GET_ONE = f"no kubectl was found; run: sudo apt-get install {PACKAGE}"


def all_kubectls(folder: Path) -> list[Kubectl]:
    """One of each minor version, the oldest first. Debian's is unpacked below `folder`."""
    programs = find_kubectls()
    if (debians := fetch_debians(folder / "debian")) is not None:
        programs.append(debians)
    found: dict[int, Kubectl] = {}
    for program in programs:
        minor = minor_version(program, folder)
        if minor is not None:
            found.setdefault(minor, Kubectl(program, minor))
    return [found[minor] for minor in sorted(found)]


def minor_version(program: Path, home: Path) -> int | None:
    """Such as 33; None for what is no kubectl, or only chooses one by the server's version."""
    said = _output(program, "version", "--client", "-o", "json", home=home)
    if said is None:
        return None
    version = orjson.loads(said)["clientVersion"]
    return None if "dispatcher" in version["gitVersion"] else int(version["minor"].rstrip("+"))


def fetch_debians(folder: Path) -> Path | None:
    """The kubectl of Debian's package, not installed; None where there is no such package."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None
    folder.mkdir()
    if _output("apt-get", "-q", "download", PACKAGE, home=folder) is None:
        return None
    for package in folder.glob("*.deb"):
        program = folder / "root" / "usr" / "bin" / "kubectl"
        if _output("dpkg", "-x", package, folder / "root", home=folder) is not None and program.exists():
            return program
    return None


def _output(program: str | Path, *arguments: str | Path, home: Path) -> bytes | None:
    """What a program writes; None when it fails."""
    path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"HOME": str(home), "PATH": path},
            cwd=home,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
