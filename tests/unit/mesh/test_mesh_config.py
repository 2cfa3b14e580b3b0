"""The mesh's own configuration as part of a snapshot."""

import pytest
from tests.unit.mesh.objects import SETTINGS, entry, istio, kube, pod, problems, resolve, service

from convoy.api.istio.mesh_config import LabelSelector, LabelSelectorRequirement
from convoy.mesh.discovery_selectors import is_selected
from convoy.mesh.model import AS_DIALLED, Application, MeshSettings


def mesh(text, *, name="istio", namespace="istio-system", key="mesh"):
    config = kube("ConfigMap", name, {}, namespace=namespace)
    del config["spec"]
    return {**config, "data": {key: text}}


def test_without_it_a_control_plane_has_what_it_was_started_with():
    assert resolve().settings == SETTINGS
    others = (mesh("connectTimeout: 1s", name="other"), mesh("connectTimeout: 1s", namespace="default"))
    assert resolve(*others, mesh("connectTimeout: 1s", key="meshNetworks")).settings == SETTINGS


def test_what_it_says_goes_before():
    text = """
        connectTimeout: 3s
        enableAutoMtls: false
        outboundTrafficPolicy: {mode: REGISTRY_ONLY}
        protocolDetectionTimeout: 0s
        proxyHttpPort: 15080
    """
    settings = resolve(mesh(text)).settings
    assert (settings.connect_timeout_ms, settings.protocol_detection_timeout_ms) == (3000, 0)
    assert (settings.enable_auto_mtls, settings.allows_any, settings.proxy_http_port) == (False, False, 15080)
    assert settings.trust_domain == SETTINGS.trust_domain


def test_a_change_takes_effect_with_the_next_snapshot():
    before = resolve(mesh("connectTimeout: 3s"))
    after = resolve(mesh("connectTimeout: 4s"), previous=before)
    assert after.settings.connect_timeout_ms == 4000
    assert resolve(previous=after).settings == SETTINGS


def test_mistakes_are_told_of_the_object():
    found = problems(mesh("connectTimeout: soon\ntrustDomain: other.org\nrootNamespace: istio-system"))
    assert [(str(problem.key), problem.field) for problem in found] == [
        ("ConfigMap istio-system/istio", "data.mesh.connectTimeout"),
        ("ConfigMap istio-system/istio", "data.mesh.trustDomain"),
    ]


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (LabelSelector(), True),
        (LabelSelector(match_labels={"a": "b"}), True),
        (LabelSelector(match_labels={"a": "b", "c": "d"}), False),
        (LabelSelector(match_expressions=[LabelSelectorRequirement(key="a", operator="Exists")]), True),
        (LabelSelector(match_expressions=[LabelSelectorRequirement(key="c", operator="Exists")]), False),
        (LabelSelector(match_expressions=[LabelSelectorRequirement(key="c", operator="DoesNotExist")]), True),
        (
            LabelSelector(
                match_expressions=[LabelSelectorRequirement(key="a", operator="In", values=["x", "b"])]
            ),
            True,
        ),
        (
            LabelSelector(
                match_expressions=[LabelSelectorRequirement(key="c", operator="NotIn", values=["x"])]
            ),
            True,
        ),
        (
            LabelSelector(
                match_labels={"a": "b"},
                match_expressions=[LabelSelectorRequirement(key="a", operator="NotIn", values=["b"])],
            ),
            False,
        ),
    ],
)
def test_selectors_of_namespaces(selector, selected):
    assert is_selected({"a": "b"}, [selector]) is selected


def test_namespaces_that_are_not_chosen_have_neither_services_nor_proxies():
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"mesh": use}}}
        for name, use in (("in", "yes"), ("out", "no"))
    ]
    objects = [
        *namespaces,
        *(service(name, 80, namespace=name) for name in ("in", "out", "istio-system")),
        *(pod(name, f"10.0.0.{i}", namespace=name) for i, name in enumerate(("in", "out"), 1)),
        entry("out.example.com", namespace="out"),
        mesh("discoverySelectors: [{matchLabels: {mesh: 'yes'}}]"),
    ]
    snapshot = resolve(*objects)
    assert {host.partition(".")[0] for host in snapshot.services} == {"in", "istio-system"}
    assert list(snapshot.workloads) == ["in.in"]


class TestInbound:
    WEB = (service("web", 8000), pod("web", "10.0.0.1"))

    def ports(self, *objects, settings=SETTINGS):
        return resolve(*self.WEB, *objects, settings=settings).workloads["web.default"].inbound.ports

    def test_applications_are_called_where_they_were_dialled_or_at_loopback(self):
        [port] = self.ports()
        assert port.application is AS_DIALLED
        [port] = self.ports(mesh("inboundTrafficPolicy: {mode: LOCALHOST}"))
        assert port.application == Application("127.0.0.1", 8000)

    def test_listeners_of_a_sidecar_take_the_place_of_services(self):
        listener = {
            "port": {"number": 9000, "protocol": "TCP", "name": "tcp"},
            "defaultEndpoint": "0.0.0.0:80",
        }
        [port] = self.ports(istio("Sidecar", "own", {"ingress": [listener]}))
        assert (port.port, port.application, port.address, port.is_bound) == (
            9000,
            Application("", 80),
            "",
            False,
        )

    @pytest.mark.parametrize(
        ("endpoint", "application"),
        [
            ("", Application("127.0.0.1", 9000)),
            ("127.0.0.1:80", Application("127.0.0.1", 80)),
            ("[::1]:80", Application("::1", 80)),
            ("[::]:80", Application("", 80)),
            ("unix:///run/app.sock", Application("/run/app.sock")),
        ],
    )
    def test_where_the_application_is(self, endpoint, application):
        listener = {"port": {"number": 9000, "protocol": "HTTP", "name": "http"}}
        if endpoint:
            listener["defaultEndpoint"] = endpoint
        [port] = self.ports(istio("Sidecar", "own", {"ingress": [listener]}))
        assert port.application == application

    def test_a_listener_that_is_not_captured_is_at_the_pods_address(self):
        listener = {"port": {"number": 9000, "protocol": "HTTP", "name": "http"}, "captureMode": "NONE"}
        [port] = self.ports(istio("Sidecar", "own", {"ingress": [listener]}))
        assert (port.address, port.is_bound) == ("10.0.0.1", True)

    def test_tls_of_its_own_counts_only_without_that_of_the_mesh(self):
        tls = {"mode": "SIMPLE", "serverCertificate": "/a", "privateKey": "/b"}
        listener = {"port": {"number": 9000, "protocol": "HTTPS", "name": "https"}, "tls": tls}
        own = istio("Sidecar", "own", {"ingress": [listener]})
        assert self.ports(own)[0].tls is None
        [port] = self.ports(own, istio("PeerAuthentication", "off", {"mtls": {"mode": "DISABLE"}}))
        assert (port.tls is None, port.protocol) == (False, "HTTP")


def test_identities_of_other_trust_domains_are_accepted_of_clients():
    snapshot = resolve(service("web", 80), pod("web", "10.0.0.1"), mesh("trustDomainAliases: [old.org]"))
    assert snapshot.workloads["web.default"].inbound.trust_domains == ("cluster.local", "old.org")
    assert isinstance(snapshot.settings, MeshSettings)
