"""As whom a container runs: `runAsUser` and its relatives, where this machine lets them be applied.

Without root there is one user only, and even root's other users may not be able to read the program, which
lies somewhere on this machine and not in an image. Then the container runs as the one who started the world,
and its pod gets a warning.
"""

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from convoy.api.kube.core import Container, Pod

T = TypeVar("T")
_NOBODY_IN_PARTICULAR = 65532  # what images without a name for their user mostly say


class UserError(Exception):
    """The security context contradicts itself; the text is the kubelet's."""


@dataclass(frozen=True, slots=True)
class RunAs:
    """`user` None: nobody else than the pod's init; `groups` starts with the primary one."""

    user: int | None = None
    groups: tuple[int, ...] = ()
    warning: str = ""


def choose_user(container: Container, pod: Pod, *, can_change: bool, reads: Iterable[str]) -> RunAs:
    """As whom `container` runs; `reads` are the files and folders that it cannot do without."""
    asked, group = _asked(container, pod), _asked_group(container, pod)
    must_not_be_root = _first(
        container.security_context.run_as_non_root, pod.spec.security_context.get("runAsNonRoot")
    )
    if must_not_be_root and asked == 0:
        raise UserError("container's runAsUser breaks non-root policy")
    user = _NOBODY_IN_PARTICULAR if must_not_be_root and asked is None and can_change else asked
    more = [*pod.spec.security_context.get("supplementalGroups", [])]
    if (owner := pod.spec.security_context.get("fsGroup")) is not None:
        more.append(owner)
    if not can_change:
        named = asked or group
        return RunAs(warning=f"runAsUser {asked} (needs root)" if named and asked else "")
    if user and (closed := first_closed(reads)):
        return RunAs(warning=f"runAsUser {user} ({closed} is closed to other users)" if asked else "")
    if not user and group is None and not more:
        return RunAs()
    primary = group if group is not None else 0
    return RunAs(user or None, (primary, *dict.fromkeys(each for each in more if each != primary)))


def _asked(container: Container, pod: Pod) -> int | None:
    own: int | None = container.security_context.run_as_user
    return _first(own, pod.spec.security_context.get("runAsUser"))


def _asked_group(container: Container, pod: Pod) -> int | None:
    own: int | None = container.security_context.run_as_group
    return _first(own, pod.spec.security_context.get("runAsGroup"))


def _first(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


def first_closed(paths: Iterable[str]) -> str:
    """The first file, or folder on the way to one, that only its owner may read; "" when there is none."""
    for path in paths:
        real = Path(os.path.realpath(path))
        for each in (*reversed(real.parents), real):
            try:
                mode = each.stat().st_mode
            except OSError:
                return str(each)
            wanted = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
            if not mode & wanted:
                return str(each)
    return ""


def find_program(name: str, path: str) -> str:
    """Where a program is, "" if nowhere."""
    return shutil.which(name, path=path) or ""


def can_change_user() -> bool:
    """Whether this process may start others as any user: root outside of a user namespace of one user."""
    ranges = Path("/proc/self/uid_map").read_text().splitlines()
    return os.geteuid() == 0 and sum(int(line.split()[2]) for line in ranges) >= 1 << 16
