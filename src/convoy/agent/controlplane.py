"""The agent API of the control plane, seen from a pod: certificates and names over HTTPS.

Connections carry the mark, so that capture leaves them alone. The server must prove the control plane's DNS
name under the roots in the pod; the pod proves itself with its service account token, read anew for every
request because the kubelet replaces it.
"""

import asyncio
import json
import socket
import ssl
from typing import Any

import msgspec

from convoy.agent.errors import ControlPlaneError, RefusedError
from convoy.agent.http import Reply, exchange
from convoy.agent.settings import AGENT_API_PORT, AgentSettings, absolute_host, is_address
from convoy.api.agents import ProbeAnswer
from convoy.ca.wire import CertificateAnswer, CertificateRequest
from convoy.dns.sockets import open_socket
from convoy.dns.table import NameTable, parse_name_table
from convoy.dns.upstream import Upstream, UpstreamError, resolve_host

Json = dict[str, Any]

_CONNECT_SECONDS = 5.0
_REPLY_SECONDS = 15.0
LONG_POLL_SECONDS = 30


class ControlPlane:
    """Requests to one control plane, each on a connection of its own."""

    def __init__(self, settings: AgentSettings, upstream: Upstream) -> None:
        self._settings = settings
        self._upstream = upstream

    async def request_certificate(self, csr_pem: bytes) -> CertificateAnswer:
        """A chain for the key of a signing request. RefusedError or ControlPlaneError when there is none."""
        body = msgspec.json.encode(CertificateRequest(csr_pem.decode()))
        reply = await self._request("/v1/certificates", method="POST", body=body)
        try:
            return msgspec.json.decode(reply.body, type=CertificateAnswer)
        except msgspec.DecodeError as error:
            raise ControlPlaneError(f"The control plane's answer is malformed: {error}") from error

    async def wait_names(self, version: str) -> NameTable | None:
        """The name table once it differs from `version`; None when it did not within half a minute."""
        target = f"/v1/names?version={version}&wait={LONG_POLL_SECONDS}"
        reply = await self._request(target, patience=_REPLY_SECONDS + LONG_POLL_SECONDS)
        if reply.status == 304:
            return None
        try:
            return parse_name_table(reply.body)
        except msgspec.DecodeError as error:
            raise ControlPlaneError(f"The control plane's name table is malformed: {error}") from error

    async def patch_bootstrap(self, bootstrap: Json) -> Json:
        """The bootstrap as EnvoyFilters change it; ControlPlaneError when nobody says."""
        reply = await self._request("/v1/bootstrap", method="POST", body=json.dumps(bootstrap).encode())
        if reply.status == 204:
            return bootstrap
        try:
            patched: Json = json.loads(reply.body)
        except ValueError as error:
            raise ControlPlaneError(f"The control plane's bootstrap is malformed: {error}") from error
        return patched

    async def wait_probe(self, version: str) -> ProbeAnswer | None:
        """The probe of the workload's group once it differs from `version`; None when it did not within half
        a minute.
        """
        target = f"/v1/probe?version={version}&wait={LONG_POLL_SECONDS}"
        reply = await self._request(target, patience=_REPLY_SECONDS + LONG_POLL_SECONDS)
        if reply.status == 304:
            return None
        try:
            return msgspec.json.decode(reply.body, type=ProbeAnswer)
        except msgspec.DecodeError as error:
            raise ControlPlaneError(f"The control plane's probe is malformed: {error}") from error

    async def _request(
        self, target: str, *, method: str = "GET", body: bytes = b"", patience: float = _REPLY_SECONDS
    ) -> Reply:
        try:
            headers = {
                "Authorization": f"Bearer {self._settings.files.token.read_text().strip()}",
                "Content-Type": "application/json",
            }
            streams = await self._connect()
            async with asyncio.timeout(patience):
                reply = await exchange(
                    streams,
                    target,
                    host=self._settings.discovery_name,
                    method=method,
                    headers=headers,
                    body=body,
                )
        except (OSError, EOFError, UpstreamError) as error:
            reason = str(error) or type(error).__name__
            raise ControlPlaneError(f"{self._settings.discovery_host} did not answer: {reason}") from error
        if reply.status >= 400:
            raise RefusedError(f"{self._settings.discovery_host} refused ({reply.status}): {_reason(reply)}")
        return reply

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(cafile=str(self._settings.files.roots))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        failures: list[OSError] = []
        for address in await self._addresses():
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await self._connect_to(address, context)
            except OSError as error:
                failures.append(error)
        raise failures[-1]

    async def _connect_to(
        self, address: str, context: ssl.SSLContext
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connected = open_socket(socket.SOCK_STREAM, address, mark=self._settings.mark)
        try:
            await asyncio.get_running_loop().sock_connect(connected, (address, AGENT_API_PORT))
            return await asyncio.open_connection(
                sock=connected, ssl=context, server_hostname=self._settings.discovery_name
            )
        except BaseException:
            connected.close()
            raise

    async def _addresses(self) -> tuple[str, ...]:
        host = self._settings.discovery_host
        if is_address(host):
            return (host,)
        return await resolve_host(self._upstream, absolute_host(host))


def _reason(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body)["message"])
    except (ValueError, KeyError, TypeError):
        return reply.body[:200].decode(errors="replace") or "no reason given"
