"""Keep the proxy's certificate fresh: obtain, write, wait, again.

Every renewal uses a new key. Time is the wall clock, looked at every few seconds, so that after a suspend an
expired certificate is renewed at once. So is one when the mesh's roots change that the pod is given: with the
answer come the roots to trust, and others may have certificates under the new one soon.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from convoy.agent.controlplane import ControlPlane
from convoy.agent.errors import ControlPlaneError, RefusedError
from convoy.agent.reporting import report
from convoy.agent.sds import SecretFiles
from convoy.ca.keys import build_csr, key_to_pem, new_key
from convoy.ca.rotation import plan_renewal, wait_step
from convoy.ca.wire import CertificateAnswer
from convoy.kit.backoff import backoff
from convoy.kit.clock import Clock

# Lifetimes of a second, or a clock far ahead of the control plane's, must not become a stream of requests.
_SHORTEST_PAUSE = 0.5


async def keep_certificates(
    control_plane: ControlPlane,
    files: SecretFiles,
    *,
    roots: Path,
    clock: Clock,
    obtained: Callable[[], None],
) -> None:
    """Never returns; calls `obtained` after each certificate is in place. Failures are tried again.

    `roots` is the pod's file of roots; it may come later than the first certificate.
    """
    while True:
        given = _content(roots)
        expires = await _obtain(control_plane, files, clock=clock)
        obtained()
        renew_at = plan_renewal(clock.now(), expires, spread=random.random())
        await clock.sleep(_SHORTEST_PAUSE)
        while (step := wait_step(clock.now(), renew_at)) > timedelta(0) and _content(roots) in (given, b""):
            await clock.sleep(step.total_seconds())


def _content(path: Path) -> bytes:
    """What stands in a file; nothing while it is being replaced."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def _obtain(control_plane: ControlPlane, files: SecretFiles, *, clock: Clock) -> datetime:
    delays = backoff(0.2, at_most=5.0)
    reported = ""
    while True:
        key = new_key()
        try:
            answer = await control_plane.request_certificate(build_csr(key))
            leaf = parse_leaf(answer)
        except ControlPlaneError as error:
            if str(error) != reported:
                reported = str(error)
                what = "refused" if isinstance(error, RefusedError) else "not obtained"
                report(f"certificate {what}", level="warning", reason=reported)
            await clock.sleep(next(delays))
            continue
        files.write(key_to_pem(key), chain=answer.chain, roots=answer.roots)
        report("certificate obtained", serial=f"{leaf.serial_number:x}", expires=leaf.not_valid_after_utc)
        return leaf.not_valid_after_utc


def parse_leaf(answer: CertificateAnswer) -> x509.Certificate:
    """The proxy's own certificate of an answer; ControlPlaneError when a certificate in it cannot be read."""
    try:
        chain = [x509.load_pem_x509_certificate(pem.encode()) for pem in answer.chain]
        roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in answer.roots]
    except ValueError as error:
        raise ControlPlaneError("The control plane's certificates are malformed.") from error
    if not chain or not roots:
        raise ControlPlaneError("The control plane's answer lacks certificates.")
    return chain[0]
