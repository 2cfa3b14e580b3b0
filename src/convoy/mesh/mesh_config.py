"""The mesh's own configuration: ConfigMap `istio` in the root namespace, key `mesh`, as Istio's installations
have it.

It is one of the objects of a view, so a change of it is a change like any other. What a control plane must
know before it sees objects, its trust domain and its root namespace, it is started with instead.
"""

from collections.abc import Iterator

import msgspec

from convoy.api import codes
from convoy.api.istio.destination_rule import H2UpgradePolicy
from convoy.api.istio.mesh_config import (
    DefaultProxyConfig,
    GatewayTopology,
    InboundMode,
    MeshConfig,
    MeshOutboundMode,
)
from convoy.api.kinds import key_of
from convoy.api.kube.core import ConfigMap
from convoy.api.paths import quote
from convoy.api.problems import Problem
from convoy.api.validation.mesh_config import read_mesh_config
from convoy.config.view import Lookup
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import MeshSettings

NAME = "istio"
KEY = "mesh"


def resolve_settings(lookup: Lookup, started: MeshSettings) -> MeshSettings:
    """The settings in force: those a control plane was `started` with, with the ConfigMap's over them."""
    found = find_mesh_config(lookup, started)
    if found is None:
        return started
    config = read_mesh_config(found.data.get(KEY, "")).config
    return msgspec.structs.replace(started, **_traffic(config, started), **_rest(config))


def check_mesh_config(lookup: Lookup, started: MeshSettings) -> Iterator[Problem]:
    """What of the ConfigMap does not count, and why."""
    found = find_mesh_config(lookup, started)
    if found is None:
        return
    key = key_of(found)
    read = read_mesh_config(found.data.get(KEY, ""))
    for problem in (*read.problems, *_fixed(read.config, started)):
        field = f"data.{KEY}.{problem.field}" if problem.field else f"data.{KEY}"
        yield msgspec.structs.replace(problem, key=key, field=field)


def find_mesh_config(lookup: Lookup, started: MeshSettings) -> ConfigMap | None:
    """The ConfigMap that the mesh is configured with."""
    return lookup.get(ConfigMap, started.root_namespace, NAME)


def _fixed(config: MeshConfig, started: MeshSettings) -> Iterator[Problem]:
    """Settings that say otherwise than what the control plane was started with."""
    for field, wanted, actual in (
        ("trustDomain", config.trust_domain, started.trust_domain),
        ("rootNamespace", config.root_namespace, started.root_namespace),
    ):
        if wanted and wanted != actual:
            yield Problem(
                code=codes.NO_EFFECT,
                field=field,
                message=f"{quote(wanted)} has no effect: the control plane was started with {quote(actual)}.",
                remedy="Start it with the other, or correct the value.",
            )


def _traffic(config: MeshConfig, started: MeshSettings) -> dict[str, object]:
    outbound, inbound = config.outbound_traffic_policy, config.inbound_traffic_policy
    detection = config.protocol_detection_timeout
    return {
        "allows_any": outbound.mode is not MeshOutboundMode.REGISTRY_ONLY if outbound else started.allows_any,
        "resolves_any": bool(outbound and outbound.mode is MeshOutboundMode.ALLOW_ANY_DYNAMIC_DNS),
        "inbound_to_localhost": bool(inbound and inbound.mode is InboundMode.LOCALHOST),
        "enable_auto_mtls": config.enable_auto_mtls,
        "protocol_detection_timeout_ms": milliseconds(
            detection, default=started.protocol_detection_timeout_ms
        ),
        "connect_timeout_ms": milliseconds(config.connect_timeout, default=started.connect_timeout_ms),
        "dns_refresh_rate_ms": milliseconds(config.dns_refresh_rate, default=started.dns_refresh_rate_ms),
        "locality_lb": config.locality_lb_setting or started.locality_lb,
        "default_http_retry": config.default_http_retry_policy,
        "default_inbound_http_retry": config.default_inbound_http_retry_policy,
        "default_traffic_policy": config.default_traffic_policy,
        "path_normalization": config.path_normalization.normalization
        if config.path_normalization
        else started.path_normalization,
        "proxy_http_port": config.proxy_http_port,
        "h2_upgrade": config.h2_upgrade_policy is H2UpgradePolicy.UPGRADE,
    }


def _rest(config: MeshConfig) -> dict[str, object]:
    proxy = config.default_config or DefaultProxyConfig()
    tls = config.mesh_mtls
    return {
        "trust_domain_aliases": tuple(dict.fromkeys(config.trust_domain_aliases)),
        "default_service_export_to": tuple(config.default_service_export_to),
        "default_virtual_service_export_to": tuple(config.default_virtual_service_export_to),
        "default_destination_rule_export_to": tuple(config.default_destination_rule_export_to),
        "cluster_local_hosts": tuple(
            (host.lower(), each.settings.cluster_local)
            for each in config.service_settings
            for host in each.hosts
        ),
        "discovery_selectors": tuple(config.discovery_selectors),
        **({"min_tls_version": tls.min_protocol_version} if tls else {}),
        "gateway_topology": proxy.gateway_topology or GatewayTopology(),
        "proxy_defaults": proxy,
    }
