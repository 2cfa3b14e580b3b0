"""MeshConfig: the text of ConfigMap `istio`, key `mesh`, to what of it can be used.

Unlike an object it is not refused whole, because everybody's traffic depends on it: a setting that is wrong
is left out, as if it were not written, and the others count.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.codes import Level
from convoy.api.istio.common import TlsProtocol
from convoy.api.istio.destination_rule import (
    DestinationRule,
    DestinationRuleSpec,
    LoadBalancer,
    LocalityLbSetting,
    TrafficPolicy,
)
from convoy.api.istio.mesh_config import DefaultProxyConfig, LabelSelectorRequirement, MeshConfig
from convoy.api.istio.virtual_service import HttpRetry, HttpRoute, VirtualService, VirtualServiceSpec
from convoy.api.meta import ObjectMeta
from convoy.api.paths import child_path, item_path, quote
from convoy.api.problems import Problem
from convoy.api.schema import check_schema
from convoy.api.validation import validate
from convoy.api.validation.finding import Findings
from convoy.api.yaml import parse_yaml

# Whose settings count one by one; of all others a mistake puts the whole out of effect.
_NESTED = "defaultConfig"
_ZERO = timedelta()
_LONGEST_DRAIN = timedelta(days=1)
_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
_TLS_VERSIONS = (TlsProtocol.TLS_AUTO, TlsProtocol.TLSV1_2, TlsProtocol.TLSV1_3)
_RESERVED = frozenset({15000, 15001, 15006, 15020, 15021, 15053, 15054})


class ReadMeshConfig(msgspec.Struct, frozen=True):
    """What counts, and what is wrong with the rest; paths begin at the text's own top level."""

    config: MeshConfig
    problems: tuple[Problem, ...]


@lru_cache(maxsize=16)
def read_mesh_config(text: str) -> ReadMeshConfig:
    """The settings of a text that can be used. Problems name every one that cannot; never raises."""
    documents, faults = parse_yaml(text.encode())
    if faults or len(documents) != 1:
        several = Problem(code=codes.YAML_SYNTAX, message="it has several documents.", remedy="Keep one.")
        return ReadMeshConfig(MeshConfig(), tuple(faults or ([several] if documents else [])))
    clean, problems = check_schema(documents[0].data, MeshConfig)
    problems = [*(_without_line(problem) for problem in documents[0].problems), *problems]
    if not isinstance(clean, dict):
        return ReadMeshConfig(MeshConfig(), tuple(problems))
    config = msgspec.convert(_usable(clean, problems), MeshConfig)
    found = Findings()
    _check_values(config, found)
    _check_unused(config, "", found)
    if config.default_config is not None:
        _check_unused(config.default_config, _NESTED, found)
    config = msgspec.convert(_usable(clean, [*problems, *found.problems]), MeshConfig)
    return ReadMeshConfig(config, (*problems, *found.problems))


class ReadProxyDefaults(msgspec.Struct, frozen=True):
    """The same of a pod's annotation `proxy.istio.io/config`."""

    config: DefaultProxyConfig
    problems: tuple[Problem, ...]


@lru_cache(maxsize=64)
def read_proxy_defaults(text: str) -> ReadProxyDefaults:
    """The settings of a pod's annotation that can be used, as those of `defaultConfig`."""
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    read = read_mesh_config(f"{_NESTED}:\n{indented}")
    problems = (
        msgspec.structs.replace(problem, field=problem.field.removeprefix(_NESTED).removeprefix("."))
        for problem in read.problems
    )
    return ReadProxyDefaults(read.config.default_config or DefaultProxyConfig(), tuple(problems))


def _without_line(problem: Problem) -> Problem:
    # Its line is one of the text, not of the file that the text is in.
    return msgspec.structs.replace(problem, line=0)


def _usable(data: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The data without the settings that have an error."""
    wrong = {_setting(problem.field) for problem in problems if problem.code.level is Level.ERROR}
    usable = {name: value for name, value in data.items() if (name, "") not in wrong}
    nested = usable.get(_NESTED)
    if isinstance(nested, dict):
        usable[_NESTED] = {name: value for name, value in nested.items() if (_NESTED, name) not in wrong}
    return usable


def _setting(path: str) -> tuple[str, str]:
    """The setting that a field path is in: its top-level name, and the next where those count singly."""
    names = path.replace("[", ".[").split(".")
    return (names[0], names[1] if names[0] == _NESTED and len(names) > 1 else "")


def _check_values(config: MeshConfig, found: Findings) -> None:
    found.check_duration("connectTimeout", config.connect_timeout)
    found.check_duration("dnsRefreshRate", config.dns_refresh_rate)
    found.check_duration("protocolDetectionTimeout", config.protocol_detection_timeout, at_least=_ZERO)
    found.check_export_to("defaultServiceExportTo", config.default_service_export_to)
    found.check_export_to("defaultVirtualServiceExportTo", config.default_virtual_service_export_to)
    found.check_export_to("defaultDestinationRuleExportTo", config.default_destination_rule_export_to)
    _check_proxy_port(config.proxy_http_port, found)
    if config.mesh_mtls and config.mesh_mtls.min_protocol_version not in _TLS_VERSIONS:
        message = f"{config.mesh_mtls.min_protocol_version} is not a version that the mesh speaks."
        found.add(codes.BAD_POLICY, "meshMTLS.minProtocolVersion", message, "Use TLSV1_2 or TLSV1_3.")
    for i, settings in enumerate(config.service_settings):
        path = f"{item_path('serviceSettings', i)}.hosts"
        found.check_not_empty(path, settings.hosts, "Name the hosts.")
        for j, host in enumerate(settings.hosts):
            found.check_host(item_path(path, j), host, wildcard=True, bare=True)
    for i, selector in enumerate(config.discovery_selectors):
        path = item_path("discoverySelectors", i)
        found.check_labels(f"{path}.matchLabels", selector.match_labels)
        for j, requirement in enumerate(selector.match_expressions):
            _check_requirement(item_path(f"{path}.matchExpressions", j), requirement, found)
    for problem in _of_other_kinds(config):
        found.problems.append(problem)
    if config.default_config:
        _check_proxy_defaults(config.default_config, found)


def _check_proxy_port(port: int, found: Findings) -> None:
    if port == 0:
        return
    found.check_port("proxyHttpPort", port)
    if port in _RESERVED:
        found.add(codes.BAD_PORT, "proxyHttpPort", f"{port} is a port of the proxy's own.", "Use another.")


def _check_requirement(path: str, requirement: LabelSelectorRequirement, found: Findings) -> None:
    wants_values = _OPERATORS.get(requirement.operator)
    if wants_values is None:
        message = f"{quote(requirement.operator)} is not one of {', '.join(_OPERATORS)}."
        found.add(codes.BAD_SELECTOR, f"{path}.operator", message, "Use one of those.")
    elif wants_values and not requirement.values:
        remedy = f"{requirement.operator} needs some."
        found.add(codes.BAD_SELECTOR, f"{path}.values", "is empty or missing.", remedy)
    elif not wants_values and requirement.values:
        remedy = f"Remove them: {requirement.operator} takes none."
        found.add(codes.BAD_SELECTOR, f"{path}.values", "is not empty.", remedy)


def _check_proxy_defaults(config: DefaultProxyConfig, found: Findings) -> None:
    path = _NESTED
    if config.concurrency is not None and config.concurrency < 0:
        message = f"{config.concurrency} is negative."
        found.add(codes.BAD_POLICY, f"{path}.concurrency", message, "Use 0 or more.")
    found.check_duration(f"{path}.drainDuration", config.drain_duration, at_most=_LONGEST_DRAIN)
    topology = config.gateway_topology
    if topology and topology.num_trusted_proxies < 0:
        message = f"{topology.num_trusted_proxies} is negative."
        found.add(codes.BAD_POLICY, f"{path}.gatewayTopology.numTrustedProxies", message, "Use 0 or more.")


def _check_unused(config: msgspec.Struct, path: str, found: Findings) -> None:
    """Say of fields that only Istio knows that they have no effect."""
    for each in msgspec.structs.fields(config):
        if each.type is Any and getattr(config, each.name) is not None:
            field = child_path(path, each.encode_name)
            found.add(codes.NO_EFFECT, field, "has no effect in Convoy.", "It can stay or be removed.")


def _of_other_kinds(config: MeshConfig) -> Iterator[Problem]:
    """Blocks that other kinds have, too, are judged as there."""
    if config.default_traffic_policy:
        yield from _of_policy(config.default_traffic_policy, "spec.trafficPolicy", "defaultTrafficPolicy")
    if config.locality_lb_setting:
        yield from _of_locality(config.locality_lb_setting)
    for name, retries in (
        ("defaultHttpRetryPolicy", config.default_http_retry_policy),
        ("defaultInboundHttpRetryPolicy", config.default_inbound_http_retry_policy),
    ):
        if retries:
            yield from _of_retries(retries, name)


def _of_locality(setting: LocalityLbSetting) -> Iterator[Problem]:
    policy = TrafficPolicy(load_balancer=LoadBalancer(locality_lb_setting=setting))
    return _of_policy(policy, "spec.trafficPolicy.loadBalancer.localityLbSetting", "localityLbSetting")


def _of_policy(policy: TrafficPolicy, there: str, here: str) -> Iterator[Problem]:
    rule = DestinationRule(
        api_version=DestinationRule.API_VERSIONS[0],
        kind=DestinationRule.KIND,
        metadata=ObjectMeta(name="mesh"),
        spec=DestinationRuleSpec(host="mesh", traffic_policy=policy),
    )
    return _moved(validate(rule), there, here)


def _of_retries(retries: HttpRetry, here: str) -> Iterator[Problem]:
    service = VirtualService(
        api_version=VirtualService.API_VERSIONS[0],
        kind=VirtualService.KIND,
        metadata=ObjectMeta(name="mesh"),
        spec=VirtualServiceSpec(hosts=["mesh"], http=[HttpRoute(retries=retries)]),
    )
    return _moved(validate(service), "spec.http[0].retries", here)


def _moved(problems: list[Problem], there: str, here: str) -> Iterator[Problem]:
    for problem in problems:
        if problem.field.startswith(there):
            yield msgspec.structs.replace(problem, field=here + problem.field.removeprefix(there))
