"""The names of a cluster with an API server, over its store."""

from typing import Any

import dns.message
import dns.rcode
import pytest

from convoy.cluster.dns.answers import answer
from convoy.cluster.dns.records import NamesTogether
from convoy.cluster.dns.zones import ClusterNames, OutsideNames, WorldNames, reverse_name
from convoy.cluster.network.index import SERVICE_LABEL, ServiceIndex
from convoy.cluster.store import Key, Store

Json = dict[str, Any]

HTTP = {"name": "http", "port": 8080, "protocol": "TCP"}
DNS_PORT = {"name": "dns", "port": 53, "protocol": "UDP"}


class Zone:
    """A cluster's names over a store that a test fills."""

    def __init__(self) -> None:
        self.store = Store(None)
        self.store.open()
        self.index = ServiceIndex()
        parts = [
            ClusterNames(self.store, self.index),
            WorldNames(lambda cluster, name: ("198.19.0.9",) if (cluster, name) == ("west", "gw") else ()),
            OutsideNames({"www.outside.test": "198.19.128.1", "*.wild.outside.test": "198.19.128.2"}),
        ]
        self.names = NamesTogether(parts)

    def service(self, name: str, **spec: Any) -> None:
        """A Service in `default`."""
        self.index.set_service(Key("default", name), {"metadata": {"name": name}, "spec": spec})

    def slice(self, service: str, *endpoints: Json, ports: tuple[Json, ...] = (HTTP,)) -> None:
        """The slice of a Service."""
        labels = {"metadata": {"labels": {SERVICE_LABEL: service}}}
        body = {"addressType": "IPv4", "endpoints": list(endpoints), "ports": list(ports), **labels}
        self.index.set_slice(Key("default", f"{service}-1"), body)

    def ask(self, name: str, kind: str = "A") -> dns.message.Message:
        """The answer to a question for a full name."""
        wire = answer(dns.message.make_query(name, kind).to_wire(), self.names, over_udp=True)
        assert wire is not None
        return dns.message.from_wire(wire)

    def texts(self, name: str, kind: str = "A") -> list[str]:
        """The records of an answer, sorted."""
        return sorted(record.to_text() for found in self.ask(name, kind).answer for record in found)


@pytest.fixture
def zone() -> Zone:
    """One Service of each sort, in `default`."""
    made = Zone()
    made.store.put("namespaces", Key("", "default"), {"metadata": {"name": "default"}}, expected=None)
    pod = {"metadata": {"name": "p"}, "status": {"podIP": "198.18.0.7"}}
    made.store.put("pods", Key("default", "p"), pod, expected=None)
    made.service("web", clusterIP="198.18.16.9", ports=[{"name": "http", "port": 80, "protocol": "TCP"}])
    made.service("out", type="ExternalName", externalName="WWW.outside.test.")
    made.service("db", clusterIP="None")
    made.slice(
        "db",
        {"addresses": ["198.18.0.5"], "hostname": "db-0"},
        {"addresses": ["198.18.0.6"], "conditions": {"ready": True}},
        {"addresses": ["198.18.0.8"], "hostname": "db-2", "conditions": {"ready": False}},
    )
    return made


def rcode(message: dns.message.Message) -> str:
    return dns.rcode.to_text(message.rcode())


def test_a_service_is_its_cluster_address(zone: Zone) -> None:
    assert zone.texts("web.default.svc.cluster.local") == ["198.18.16.9"]


def test_a_service_is_found_in_its_own_namespace_only(zone: Zone) -> None:
    assert rcode(zone.ask("web.other.svc.cluster.local")) == "NXDOMAIN"


def test_a_named_port_is_found_with_its_host_and_the_hosts_address(zone: Zone) -> None:
    message = zone.ask("_http._tcp.web.default.svc.cluster.local", "SRV")
    assert [record.to_text() for record in message.answer[0]] == ["0 100 80 web.default.svc.cluster.local."]
    assert [record.to_text() for record in message.additional[0]] == ["198.18.16.9"]


@pytest.mark.parametrize("port", ["_http._udp", "_grpc._tcp", "http._tcp", "_tcp", "a._http._tcp"])
def test_a_port_that_is_not_there_does_not_exist(zone: Zone, port: str) -> None:
    assert rcode(zone.ask(f"{port}.web.default.svc.cluster.local", "SRV")) == "NXDOMAIN"


def test_a_headless_service_is_its_ready_endpoints(zone: Zone) -> None:
    assert zone.texts("db.default.svc.cluster.local") == ["198.18.0.5", "198.18.0.6"]


def test_endpoints_of_a_headless_service_have_names(zone: Zone) -> None:
    assert zone.texts("db-0.db.default.svc.cluster.local") == ["198.18.0.5"]
    assert zone.texts("198-18-0-6.db.default.svc.cluster.local") == ["198.18.0.6"]
    assert rcode(zone.ask("db-2.db.default.svc.cluster.local")) == "NXDOMAIN"


def test_a_named_port_of_a_headless_service_leads_to_each_endpoint(zone: Zone) -> None:
    assert zone.texts("_http._tcp.db.default.svc.cluster.local", "SRV") == [
        "0 100 8080 198-18-0-6.db.default.svc.cluster.local.",
        "0 100 8080 db-0.db.default.svc.cluster.local.",
    ]


def test_a_headless_service_without_endpoints_exists(zone: Zone) -> None:
    zone.slice("db")
    message = zone.ask("db.default.svc.cluster.local")
    assert (rcode(message), message.answer) == ("NOERROR", [])


def test_an_external_name_is_followed_as_far_as_anybody_knows_it(zone: Zone) -> None:
    assert zone.texts("out.default.svc.cluster.local") == ["198.19.128.1", "www.outside.test."]


def test_an_external_name_nobody_knows_ends_in_a_name_that_does_not_exist(zone: Zone) -> None:
    zone.service("lost", type="ExternalName", externalName="nobody.example")
    message = zone.ask("lost.default.svc.cluster.local")
    assert rcode(message) == "NXDOMAIN"
    assert [record.to_text() for record in message.answer[0]] == ["nobody.example."]


def test_names_that_lead_in_a_circle_get_an_answer(zone: Zone) -> None:
    zone.service("round", type="ExternalName", externalName="round.default.svc.cluster.local")
    assert zone.texts("round.default.svc.cluster.local") != []


def test_a_pods_address_is_a_name(zone: Zone) -> None:
    assert zone.texts("198-18-0-7.default.pod.cluster.local") == ["198.18.0.7"]
    assert rcode(zone.ask("198-18-0-99.default.pod.cluster.local")) == "NXDOMAIN"
    assert rcode(zone.ask("198-18-0-7.other.pod.cluster.local")) == "NXDOMAIN"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("198.18.16.9", "web.default.svc.cluster.local."),
        ("198.18.0.5", "db-0.db.default.svc.cluster.local."),
        ("198.18.0.6", "198-18-0-6.db.default.svc.cluster.local."),
    ],
)
def test_addresses_have_names(zone: Zone, address: str, name: str) -> None:
    assert zone.texts(reverse_name(address), "PTR") == [name]


def test_the_name_of_an_address_follows_changes(zone: Zone) -> None:
    assert zone.texts(reverse_name("198.18.16.9"), "PTR") != []
    zone.index.set_service(Key("default", "web"), None)
    zone.index.changed.set(0)
    assert rcode(zone.ask(reverse_name("198.18.16.9"), "PTR")) == "NXDOMAIN"


@pytest.mark.parametrize(
    "name", ["cluster.local", "svc.cluster.local", "default.svc.cluster.local", "default.pod.cluster.local"]
)
def test_what_has_names_below_it_exists(zone: Zone, name: str) -> None:
    message = zone.ask(name)
    assert (rcode(message), message.answer) == ("NOERROR", [])


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("nobody.default.svc.cluster.local", "cluster.local."),
        ("web.default.svc.cluster.local", "cluster.local."),
        ("nobody.west.convoy.test", "convoy.test."),
        ("nobody.outside.test", "outside.test."),
        ("1.2.0.192.in-addr.arpa", "in-addr.arpa."),
        ("example.com", "."),
    ],
)
def test_an_answer_without_records_says_how_long_it_holds(zone: Zone, name: str, owner: str) -> None:
    message = zone.ask(name, "AAAA")
    assert message.answer == []
    assert [found.name.to_text() for found in message.authority] == [owner]
    assert message.authority[0].ttl == message.authority[0][0].minimum == 5


def test_the_zone_tells_of_itself(zone: Zone) -> None:
    assert zone.texts("cluster.local", "NS") == ["ns.dns.cluster.local."]
    assert zone.texts("cluster.local", "SOA")[0].startswith("ns.dns.cluster.local. hostmaster.cluster.local.")
    assert zone.texts("dns-version.cluster.local", "TXT") == ['"1.1.0"']


def test_a_gateway_of_another_cluster_has_a_name(zone: Zone) -> None:
    assert zone.texts("gw.west.convoy.test") == ["198.19.0.9"]
    assert rcode(zone.ask("gw.east.convoy.test")) == "NXDOMAIN"
    assert rcode(zone.ask("deep.gw.west.convoy.test")) == "NXDOMAIN"


def test_names_outside_are_known(zone: Zone) -> None:
    assert zone.texts("www.outside.test") == ["198.19.128.1"]
    assert zone.texts("any.thing.wild.outside.test") == ["198.19.128.2"]
    assert rcode(zone.ask("wild.outside.test")) == "NOERROR"


def test_names_are_found_in_any_case(zone: Zone) -> None:
    message = zone.ask("WEB.Default.svc.Cluster.local")
    assert message.answer[0].name.to_text() == "WEB.Default.svc.Cluster.local."
