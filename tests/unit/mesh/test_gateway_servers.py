"""Gateways that end TLS or pass on bytes: what each kind of server means."""

import base64
from typing import Any

import pytest
from tests.kit.certificates import Authority
from tests.unit.mesh.objects import codes, gateway, gateway_pod, http_server, kube, problems, resolve, service
from tests.unit.mesh.objects import istio as istio_object

from convoy.api.problems import Problem
from convoy.mesh.model import (
    ClientProof,
    CredentialKey,
    GatewayTcp,
    GatewayView,
    KeyFiles,
    KeyPair,
    ServerTls,
    TrustBundle,
    TrustFiles,
)

Objects = dict[str, Any]

ROOT = Authority()
PAGE = service("page", 9080)
DB = service("db", {"port": 5432, "name": "tcp"})
PAGE_HOST, DB_HOST = "page.default.svc.cluster.local", "db.default.svc.cluster.local"


def view_of(*objects: Objects) -> GatewayView:
    (found,) = resolve(gateway_pod(), PAGE, DB, *objects).gateway_views.values()
    return found


def told(*objects: Objects) -> list[Problem]:
    return [each for each in problems(gateway_pod(), PAGE, DB, *objects) if each.is_error]


def secret(name: str, *, namespace: str = "istio-system", roots: bool = False) -> Objects:
    issued = ROOT.issue(dns=("a.test",))
    files = {"tls.crt": issued.chain_pem, "tls.key": issued.key_pem}
    files |= {"ca.crt": ROOT.root_pem} if roots else {}
    data = {key: base64.b64encode(value).decode() for key, value in files.items()}
    made = kube("Secret", name, {}, namespace=namespace, data=data)
    del made["spec"]
    return made


def tls_server(
    *hosts: str, protocol: str = "HTTPS", port: int = 443, name: str = "https", **tls: Any
) -> Objects:
    settings = {"mode": "SIMPLE", **tls}
    listening = {"number": port, "name": name, "protocol": protocol}
    return {"port": listening, "hosts": list(hosts) or ["a.test"], "tls": settings}


def tcp_server(protocol: str = "TCP", *, port: int = 5432, name: str = "tcp") -> Objects:
    return {"port": {"number": port, "name": name, "protocol": protocol}, "hosts": ["*"]}


def rules(field: str, *listed: Objects, hosts: tuple[str, ...] = ("a.test",), **more: Any) -> Objects:
    spec = {"hosts": list(hosts), "gateways": ["istio-system/web"], field: list(listed)}
    return istio_object("VirtualService", more.pop("name", field), spec, **more)


def to(host: str, port: int, **rule: Any) -> Objects:
    return {"route": [{"destination": {"host": host, "port": {"number": port}}}], **rule}


TO_PAGE = rules("http", to(PAGE_HOST, 9080))
TO_DB = rules("tcp", to(DB_HOST, 5432), hosts=("*",))


class TestCredentials:
    def tls(self, *objects: Objects, **tls: Any) -> ServerTls:
        view = view_of(gateway("web", tls_server(**tls)), TO_PAGE, *objects)
        self.view = view
        (https,) = view.https
        return https.tls

    def test_a_name_is_a_secret_of_the_pods_namespace(self) -> None:
        tls = self.tls(secret("cert"), credentialName="cert")
        key = CredentialKey("istio-system", "cert")
        assert (tls.key_pairs, tls.client) == ((key,), ClientProof.NONE)
        (pair,) = self.view.credentials
        assert isinstance(pair, KeyPair)
        assert pair.key == key

    def test_a_renewed_secret_changes_nothing_but_itself(self) -> None:
        before, after = (self.tls(secret("cert"), credentialName="cert") for _ in range(2))
        old = self.view
        self.tls(secret("cert"), credentialName="cert")
        assert before == after
        assert (self.view.https, self.view.http) == (old.https, old.http)
        assert self.view.credentials != old.credentials

    def test_only_what_servers_name_is_handed_over(self) -> None:
        self.tls(secret("cert"), secret("other"), secret("other-cacert"), credentialName="cert")
        assert [type(each).__name__ for each in self.view.credentials] == ["KeyPair"]

    def test_roots_come_with_a_demand_for_certificates(self) -> None:
        tls = self.tls(secret("cert", roots=True), credentialName="cert", mode="MUTUAL")
        assert (tls.client, tls.trust) == (ClientProof.REQUIRED, CredentialKey("istio-system", "cert"))
        assert [type(each) for each in self.view.credentials] == [KeyPair, TrustBundle]

    def test_without_roots_no_server_is_opened(self) -> None:
        made = (gateway("web", tls_server(credentialName="cert", mode="MUTUAL")), TO_PAGE, secret("cert"))
        assert view_of(*made).https == ()
        assert codes(told(*made)) == ["CVY0311"]

    def test_files_are_named_and_not_looked_at(self) -> None:
        tls = self.tls(
            serverCertificate="/c/tls.crt", privateKey="/c/tls.key", caCertificates="/c/ca.crt", mode="MUTUAL"
        )
        pair, roots = KeyFiles("/c/tls.crt", "/c/tls.key"), TrustFiles("/c/ca.crt")
        assert (tls.key_pairs, tls.trust) == ((pair,), roots)
        assert self.view.credentials == (pair, roots)

    def test_mutual_tls_of_the_mesh_needs_no_credentials(self) -> None:
        tls = self.tls(mode="ISTIO_MUTUAL")
        assert (tls.key_pairs, tls.client, tls.trust_domains) == (
            (),
            ClientProof.REQUIRED,
            ("cluster.local",),
        )
        assert self.view.credentials == ()

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            (["ECDHE-RSA-AES128-GCM-SHA256", "NONSENSE"], ("ECDHE-RSA-AES128-GCM-SHA256",)),
            (["ALL", "-SHA", "!NONSENSE"], ("ALL", "-SHA")),
            (["-SHA"], ()),
            (["[AES128-SHA|AES256-SHA]", "[AES128-SHA|NONSENSE]"], ("[AES128-SHA|AES256-SHA]",)),
            (["ECDHE+AESGCM"], ("ECDHE+AESGCM",)),
        ],
    )
    def test_suites_that_envoy_would_refuse_are_left_out(
        self, written: list[str], kept: tuple[str, ...]
    ) -> None:
        assert self.tls(mode="ISTIO_MUTUAL", cipherSuites=written).cipher_suites == kept

    @pytest.mark.parametrize(
        ("field", "pin"),
        [
            ("verifyCertificateSpki", "nonsense"),
            ("verifyCertificateHash", "nonsense"),
            ("verifyCertificateHash", "00" * 31),
        ],
    )
    def test_a_pin_that_no_certificate_can_have_holds_its_server_back(self, field: str, pin: str) -> None:
        made = gateway("web", tls_server(mode="ISTIO_MUTUAL", **{field: [pin]}), http_server("*"))
        assert view_of(made, TO_PAGE).https == ()
        (problem,) = told(made, TO_PAGE)
        assert problem.field == f"spec.servers[0].tls.{field}[0]"

    @pytest.mark.parametrize("pin", ["ab" * 32, ":".join(["AB"] * 32)])
    def test_pins_of_both_spellings_are_taken(self, pin: str) -> None:
        assert self.tls(mode="ISTIO_MUTUAL", verifyCertificateHash=[pin]).certificate_pins == (pin,)

    def test_the_consequence_of_a_missing_secret_is_told(self) -> None:
        (problem,) = told(gateway("web", tls_server(credentialName="cert"), http_server("*")), TO_PAGE)
        assert (problem.code.id, problem.field) == ("CVY0310", "spec.servers[0].tls.credentialName")
        assert problem.message == (
            "Secret istio-system/cert was not found. Listener 0.0.0.0:443 is held back; port 80 still serves."
        )

    def test_a_replica_more_tells_nothing_twice(self) -> None:
        made = (gateway("web", tls_server(credentialName="cert")), TO_PAGE)
        twin = gateway_pod("twin", "198.18.1.9")
        twin["metadata"]["labels"] = {"istio": "gateway"}
        assert len(told(twin, *made)) == 1


class TestSharedPorts:
    def names(self, *servers: Objects) -> list[tuple[str, ...]]:
        return [one.server_names for one in view_of(gateway("web", *servers), TO_PAGE, secret("c")).https]

    def test_each_server_has_its_own_names_and_routes(self) -> None:
        servers = (
            tls_server("a.test", "ns/b.test", credentialName="c"),
            tls_server("*.c.test", "*", credentialName="c", name="rest"),
        )
        view = view_of(gateway("web", *servers), TO_PAGE, secret("c"))
        assert [(one.server, one.server_names) for one in view.https] == [
            ("443.https.web.istio-system", ("a.test", "b.test")),
            ("443.rest.web.istio-system", ("*",)),
        ]

    def test_a_host_belongs_to_the_server_that_names_it_first(self) -> None:
        first = tls_server("a.test", credentialName="c")
        second = tls_server("A.test", "b.test", credentialName="c", name="second")
        assert self.names(first, second) == [("a.test",), ("b.test",)]
        (problem,) = told(gateway("web", first, second), TO_PAGE, secret("c"))
        assert (problem.code.id, problem.field) == ("CVY0244", "spec.servers[1].hosts")

    def test_an_address_of_its_own_makes_another_place(self) -> None:
        bound = {**tls_server("a.test", credentialName="c", name="bound"), "bind": "198.18.1.3"}
        view = view_of(gateway("web", tls_server("a.test", credentialName="c"), bound), TO_PAGE, secret("c"))
        assert [(one.bind, one.listen_port) for one in view.https] == [("0.0.0.0", 443), ("198.18.1.3", 443)]

    def test_a_second_server_for_bytes_is_held_back(self) -> None:
        made = (gateway("web", tcp_server(), tcp_server("MONGO", name="mongo")), TO_DB)
        assert len(view_of(*made).tcp) == 1
        assert codes(told(*made)) == ["CVY0243"]


class TestConnections:
    def tcp(self, *objects: Objects) -> list[GatewayTcp]:
        return list(view_of(*objects).tcp)

    def test_the_first_rule_that_applies_counts(self) -> None:
        listed = (
            to(PAGE_HOST, 9080, match=[{"port": 1}]),
            to(DB_HOST, 5432, match=[{"port": 5432, "destinationSubnets": ["10.0.0.0/8"]}]),
            to(PAGE_HOST, 9080),
        )
        (tcp,) = self.tcp(gateway("web", tcp_server()), rules("tcp", *listed, hosts=("*",)))
        assert [share.key.hostname for share in tcp.route.destinations] == [DB_HOST]
        assert (tcp.route.subnets, tcp.tls) == ((), None)

    def test_a_server_without_a_rule_is_not_opened(self) -> None:
        assert self.tcp(gateway("web", tcp_server()), TO_PAGE) == []

    def test_tls_may_end_before_bytes_are_passed_on(self) -> None:
        made = gateway("web", tls_server("a.test", protocol="TLS", mode="ISTIO_MUTUAL", port=5432))
        (tcp,) = self.tcp(made, rules("tcp", to(DB_HOST, 5432)))
        assert tcp.tls is not None
        assert tcp.route.server_names == ("a.test",)

    @pytest.mark.parametrize(
        ("hosts", "sni", "wanted"),
        [
            (("*",), "a.test", ("a.test",)),
            (("*.test",), "a.test", ("a.test",)),
            (("a.test",), "*.test", ("a.test",)),
            (("default/*",), "a.test", ("a.test",)),
            (("other/*",), "a.test", None),
            (("b.test",), "a.test", None),
        ],
    )
    def test_unopened_connections_go_by_their_sni_within_the_servers_hosts(
        self, hosts: tuple[str, ...], sni: str, wanted: tuple[str, ...] | None
    ) -> None:
        made = gateway("web", tls_server(*hosts, protocol="TLS", mode="PASSTHROUGH"))
        rule = to(DB_HOST, 5432, match=[{"sniHosts": [sni]}])
        found = [tcp.route.server_names for tcp in self.tcp(made, rules("tls", rule, hosts=(sni,)))]
        assert found == ([wanted] if wanted else [])

    def test_an_sni_that_is_opened_already_is_not_passed_on(self) -> None:
        servers = (
            tls_server("a.test", mode="ISTIO_MUTUAL"),
            tls_server("*.test", protocol="TLS", mode="PASSTHROUGH", name="pass"),
        )
        rule = to(DB_HOST, 5432, match=[{"sniHosts": ["a.test", "b.test"]}])
        made = rules("tls", rule, hosts=("*.test",))
        assert [tcp.route.server_names for tcp in self.tcp(gateway("web", *servers), made)] == [("b.test",)]

    def test_a_gateway_has_the_upstreams_of_its_connections(self) -> None:
        view = view_of(gateway("web", tcp_server()), TO_DB)
        assert [one.key.hostname for one in view.upstreams] == [DB_HOST]


def test_plain_hosts_are_sent_to_ask_with_tls_routed_or_not() -> None:
    sent = {**http_server("a.test", "*.b.test"), "tls": {"httpsRedirect": True}}
    view = view_of(
        gateway("web", sent, http_server("c.test", name="plain")),
        rules("http", to(PAGE_HOST, 9080), hosts=("x.b.test", "c.test")),
    )
    (http,) = view.http
    assert {host.host: (host.requires_tls, len(host.rules)) for host in http.routes.hosts} == {
        "*.b.test": (True, 0),
        "a.test": (True, 0),
        "c.test": (False, 1),
        "x.b.test": (True, 1),
    }


def test_a_unix_socket_has_no_port() -> None:
    made = {"port": {"number": 0, "name": "u", "protocol": "HTTP"}, "bind": "unix:///run/u", "hosts": ["*"]}
    (http,) = view_of(gateway("web", made), TO_PAGE).http
    assert (http.bind, http.listen_port) == ("/run/u", 0)


def test_no_other_namespace_has_a_gateway_open_sockets() -> None:
    """Envoy removes the file that stands at a socket's path."""
    made = {"port": {"number": 0, "name": "u", "protocol": "HTTP"}, "bind": "unix:///run/u", "hosts": ["*"]}
    foreign = gateway("web", made, http_server("*"), namespace="default")
    assert [http.bind for http in view_of(foreign, TO_PAGE).http] == ["0.0.0.0"]
    found = [each for each in problems(gateway_pod(), PAGE, foreign) if each.code.id == "CVY0450"]
    assert [each.field for each in found] == ["spec.servers[0].bind"]


def test_an_empty_selector_selects_every_gateway() -> None:
    made = gateway("web", http_server("*"))
    made["spec"]["selector"] = {}
    snapshot = resolve(gateway_pod(), gateway_pod("other", "198.18.1.4", namespace="default"), PAGE, made)
    assert [len(view.http) for view in snapshot.gateway_views.values()] == [1, 1]


class TestRules:
    def rule(self, mode: str = "SIMPLE", **more: Any) -> Objects:
        policy = {"tls": {"mode": mode, "credentialName": "cert"}}
        return istio_object("DestinationRule", "page", {"host": PAGE_HOST, "trafficPolicy": policy, **more})

    def test_a_missing_secret_is_told_of_the_rule(self) -> None:
        (problem,) = told(self.rule())
        assert (problem.code.id, problem.field) == ("CVY0310", "spec.trafficPolicy.tls.credentialName")
        assert problem.message.startswith("Secret istio-system/cert was not found.")

    def test_one_namespace_that_has_it_is_enough(self) -> None:
        other = gateway_pod("other", "198.18.1.4", namespace="default")
        assert told(self.rule(), other, secret("cert", roots=True)) == []

    def test_selected_sidecars_have_secrets_of_their_own(self) -> None:
        selected = self.rule("MUTUAL", workloadSelector={"matchLabels": {"app": "page"}})
        assert codes(told(selected)) == ["CVY0310"]
        assert told(selected, secret("cert", namespace="default", roots=True)) == []
