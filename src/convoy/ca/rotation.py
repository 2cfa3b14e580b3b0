"""When to renew a certificate: a pure plan on the wall clock.

Lifetimes pass while a machine sleeps, so callers compare wall-clock times, wait in short steps, and look
again. The plan counts from the moment the certificate was obtained, not from notBefore, which is back-dated:
a certificate of three seconds would otherwise be overdue on arrival.
"""

from datetime import datetime, timedelta

LONGEST_STEP = timedelta(seconds=5)


def plan_renewal(obtained: datetime, expires: datetime, *, spread: float) -> datetime:
    """The wall-clock time at which to renew: between 45 % and 55 % of the life that was left when obtained.

    `spread` in 0..1 picks the place, so that proxies started together do not come back together.
    """
    left = max(expires - obtained, timedelta(0))
    return obtained + left * (0.45 + 0.1 * spread)


def wait_step(now: datetime, renew_at: datetime) -> timedelta:
    """How long to wait before looking at the wall clock again; zero when renewal is due or overdue."""
    return min(max(renew_at - now, timedelta(0)), LONGEST_STEP)
