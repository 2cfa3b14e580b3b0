"""Credentials from a program that the kubeconfig names, as `kubectl` runs it.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
The program has no terminal here: one that must ask somebody is refused.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from convoy.config.errors import KubeconfigError
from convoy.config.kube.targets import Credentials
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.secrets import SecretBytes

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_PATIENCE_SECONDS = 60.0
_LONGEST_WORDS = 300
# A little early, so that a request does not arrive with what has just expired.
_EARLY = timedelta(seconds=10)


class ExecPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. `cluster` is what it is told of the cluster, None where it did not ask for that."""

    user: str
    api_version: str
    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    cluster: Mapping[str, Any] | None = None
    install_hint: str = ""


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _Answer(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


class ExecCredentials:
    """Runs the program when credentials are needed, expired or refused; once for all who wait."""

    def __init__(self, plan: ExecPlan, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._plan = plan
        self._clock = clock
        self._got: Credentials | None = None
        self._expires: datetime | None = None
        self._running = asyncio.Lock()

    async def current(self) -> Credentials:
        """As CredentialSource has it."""
        async with self._running:
            if self._got is None or (self._expires and self._clock.now() + _EARLY >= self._expires):
                self._got, self._expires = await run_plan(self._plan)
            return self._got

    def refuse(self) -> None:
        """As CredentialSource has it."""
        self._got = None


async def run_plan(plan: ExecPlan) -> tuple[Credentials, datetime | None]:
    """What the program gave, and until when it holds; KubeconfigError says what is wrong with it."""
    if shutil.which(plan.command) is None:
        hint = f" {plan.install_hint}" if plan.install_hint else ""
        raise KubeconfigError(
            f"user {plan.user} needs the program {plan.command}, which was not found.{hint}"
        )
    spec: dict[str, Any] = {"interactive": False}
    if plan.cluster is not None:
        spec["cluster"] = plan.cluster
    info = {"apiVersion": plan.api_version, "kind": "ExecCredential", "spec": spec}
    output = await _run(plan, {**os.environ, **plan.env, "KUBERNETES_EXEC_INFO": json.dumps(info)})
    return _parse(plan, output)


async def _run(plan: ExecPlan, env: Mapping[str, str]) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            plan.command,
            *plan.args,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise KubeconfigError(f"{_program(plan)} cannot be started: {error.strerror}.") from error
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            output, words = await process.communicate()
    except TimeoutError as error:
        raise KubeconfigError(f"{_program(plan)} gave nothing in {_PATIENCE_SECONDS:g} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = " ".join(words.decode(errors="replace").split())[-_LONGEST_WORDS:]
        raise KubeconfigError(
            f"{_program(plan)} ended with status {process.returncode}{f': {said}' if said else '.'}"
        )
    return output


def _parse(plan: ExecPlan, output: bytes) -> tuple[Credentials, datetime | None]:
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except msgspec.DecodeError as error:
        raise KubeconfigError(f"{_program(plan)} did not print an ExecCredential.") from error
    status = answer.status
    if answer.kind != "ExecCredential" or status is None:
        raise KubeconfigError(f"{_program(plan)} did not print an ExecCredential with a status.")
    if answer.api_version != plan.api_version:
        raise KubeconfigError(
            f"{_program(plan)} speaks {answer.api_version}, but the kubeconfig says {plan.api_version}."
        )
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise KubeconfigError(f"{_program(plan)} gave a certificate without its key, or a key without it.")
    if not (status.token or status.client_key_data):
        raise KubeconfigError(f"{_program(plan)} gave neither a token nor a certificate.")
    expires = status.expiration_timestamp
    if expires is not None and expires.tzinfo is None:
        raise KubeconfigError(f"{_program(plan)} gave an expirationTimestamp without a time zone.")
    return (
        Credentials(
            token=SecretBytes(status.token.encode()) if status.token else None,
            certificate=status.client_certificate_data.encode(),
            key=SecretBytes(status.client_key_data.encode()) if status.client_key_data else None,
        ),
        expires,
    )


def _program(plan: ExecPlan) -> str:
    return f"{plan.command}, which user {plan.user} of the kubeconfig needs,"
