"""Limits of connections and requests, of DestinationRules and Sidecars."""

from convoy.api import codes
from convoy.api.istio.destination_rule import ConnectionPool, H2UpgradePolicy, HttpPool
from convoy.api.validation.finding import Findings


def check_connection_pool(path: str, pool: ConnectionPool, found: Findings) -> None:
    """Limits for TCP, for HTTP or for both."""
    if pool.tcp is None and pool.http is None:
        found.add(codes.EMPTY, path, "sets nothing.", "Set tcp or http, or remove it.")
    if pool.http is not None:
        _check_http(f"{path}.http", pool.http, found)


def _check_http(path: str, pool: HttpPool, found: Findings) -> None:
    if pool.h2_upgrade_policy is H2UpgradePolicy.UPGRADE and pool.use_client_protocol:
        message = "keeps the client's protocol, but h2UpgradePolicy UPGRADE changes it."
        found.add(codes.CONFLICT, f"{path}.useClientProtocol", message, "Keep one of them.")
    keep_alive = pool.http2_keep_alive
    if keep_alive is not None:
        for member, value in (("interval", keep_alive.interval), ("timeout", keep_alive.timeout)):
            if value is None:
                remedy = "Say how often to ask, and how long to wait for an answer."
                here = f"{path}.http2KeepAlive.{member}"
                found.add(codes.MISSING_FIELD, here, "is required but missing.", remedy)
