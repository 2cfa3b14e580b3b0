"""MeshConfig: what of its text counts, and what is told of the rest."""

import pytest

from convoy.api import codes
from convoy.api.istio.mesh_config import MeshConfig
from convoy.api.validation.mesh_config import read_mesh_config, read_proxy_defaults


def told(text):
    return {problem.field: problem.code for problem in read_mesh_config(text).problems}


def test_what_users_of_istio_have_is_taken():
    read = read_mesh_config(
        """
        accessLogFile: /dev/stdout
        defaultConfig: {discoveryAddress: "istiod.istio-system.svc:15012", concurrency: 2}
        enablePrometheusMerge: true
        extensionProviders: [{name: otel, opentelemetry: {port: 4317, service: otel}}]
        rootNamespace: istio-system
        trustDomain: cluster.local
        """
    )
    assert {problem.code for problem in read.problems} == {codes.NO_EFFECT}
    assert read.config.default_config.concurrency == 2


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("conectTimeout: 1s", "conectTimeout", codes.UNKNOWN_FIELD),
        ("connectTimeout: 5", "connectTimeout", codes.WRONG_TYPE),
        ("connectTimeout: soon", "connectTimeout", codes.BAD_DURATION),
        ("connectTimeout: 0s", "connectTimeout", codes.BAD_DURATION),
        ("dnsRefreshRate: -1s", "dnsRefreshRate", codes.BAD_DURATION),
        ("protocolDetectionTimeout: -1s", "protocolDetectionTimeout", codes.BAD_DURATION),
        ("outboundTrafficPolicy: {mode: ANY}", "outboundTrafficPolicy.mode", codes.UNKNOWN_VALUE),
        ("proxyHttpPort: 70000", "proxyHttpPort", codes.BAD_PORT),
        ("proxyHttpPort: 15001", "proxyHttpPort", codes.BAD_PORT),
        ("meshMTLS: {minProtocolVersion: TLSV1_0}", "meshMTLS.minProtocolVersion", codes.BAD_POLICY),
        ("defaultServiceExportTo: ['*', a]", "defaultServiceExportTo[0]", codes.BAD_EXPORT),
        ("serviceSettings: [{settings: {clusterLocal: true}}]", "serviceSettings[0].hosts", codes.EMPTY),
        ("serviceSettings: [{hosts: [a_b]}]", "serviceSettings[0].hosts[0]", codes.BAD_HOST),
        (
            "discoverySelectors: [{matchExpressions: [{key: a, operator: Is}]}]",
            "discoverySelectors[0].matchExpressions[0].operator",
            codes.BAD_SELECTOR,
        ),
        (
            "discoverySelectors: [{matchExpressions: [{key: a, operator: In}]}]",
            "discoverySelectors[0].matchExpressions[0].values",
            codes.BAD_SELECTOR,
        ),
        (
            "discoverySelectors: [{matchExpressions: [{key: a, operator: Exists, values: [b]}]}]",
            "discoverySelectors[0].matchExpressions[0].values",
            codes.BAD_SELECTOR,
        ),
        ("defaultHttpRetryPolicy: {attempts: -1}", "defaultHttpRetryPolicy.attempts", codes.BAD_NUMBER),
        ("defaultConfig: {concurrency: -1}", "defaultConfig.concurrency", codes.BAD_POLICY),
        ("defaultConfig: {drainDuration: 1}", "defaultConfig.drainDuration", codes.WRONG_TYPE),
        (
            "defaultConfig: {gatewayTopology: {numTrustedProxies: -2}}",
            "defaultConfig.gatewayTopology.numTrustedProxies",
            codes.BAD_POLICY,
        ),
        ("[a, b]", "", codes.WRONG_TYPE),
        ("a: [", "", codes.YAML_SYNTAX),
        ("enableAutoMtls: true\n---\nenableAutoMtls: false", "", codes.YAML_SYNTAX),
        ("enableAutoMtls: true\nenableAutoMtls: true", "enableAutoMtls", codes.DUPLICATE_KEY),
    ],
)
def test_a_mistake_is_told_with_its_place(text, field, code):
    assert told(text)[field] is code


def test_a_setting_that_is_wrong_is_left_out_and_the_others_count():
    text = "connectTimeout: soon\ndnsRefreshRate: 3s\ndefaultConfig: {concurrency: many, drainDuration: 4s}"
    config = read_mesh_config(text).config
    assert (config.connect_timeout, config.dns_refresh_rate) == (None, "3s")
    assert (config.default_config.concurrency, config.default_config.drain_duration) == (None, "4s")


@pytest.mark.parametrize("text", ["", "\n", "# nothing", "null", "{}"])
def test_nothing_written_is_nothing_set(text):
    read = read_mesh_config(text)
    assert read.config == MeshConfig()
    assert read.problems == ()


def test_an_annotation_is_read_like_the_defaults():
    read = read_proxy_defaults("concurrency: 3\ndrainDuration: never\ntracing: {zipkin: {}}")
    assert read.config.concurrency == 3
    assert {problem.field: problem.code for problem in read.problems} == {
        "drainDuration": codes.BAD_DURATION,
        "tracing": codes.NO_EFFECT,
    }
