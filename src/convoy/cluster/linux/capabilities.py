"""Which capabilities a container process keeps: none, but for those its pod spec adds.

The bounding set is emptied, so that no file and no root uid can bring one back; what is kept is made ambient,
so that it survives exec.
"""

import errno
from collections.abc import Callable

from convoy.cluster.linux import syscalls

# Those that act on the pod's own namespaces only. Others would reach the world around it.
NUMBERS = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "NET_BIND_SERVICE": 10,
    "NET_BROADCAST": 11,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
}


def capability_name(name: str) -> str:
    """`CAP_NET_ADMIN` and `NET_ADMIN` alike, as Kubernetes has it."""
    return name.upper().removeprefix("CAP_")


def keep_only(names: list[str], *, become: Callable[[], None] = lambda: None) -> None:
    """Drop every capability of this process but `names`, for good. Ends with no_new_privs set.

    `become` may change its user: it is called while that is still allowed, and `names` outlive it.
    """
    kept = {NUMBERS[capability_name(name)] for name in names}
    for number in range(64):
        if number in kept:
            continue
        try:
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno == errno.EINVAL:  # past the last one this kernel knows
                break
            raise
    syscalls.prctl(syscalls.PR_SET_KEEPCAPS, 1)
    become()
    syscalls.set_capabilities(sum(1 << number for number in kept))
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    for number in kept:
        syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_RAISE, number)
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
