"""The rules of ServiceEntries, WorkloadEntries and WorkloadGroups."""

from tests.unit.api.validation.planting import REMOVED, Plant
from tests.unit.api.validation.plants.making import entry, static

from convoy.api import codes

_TCP = {"number": 80, "name": "a", "protocol": "TCP"}
_DYNAMIC = {"resolution": "DYNAMIC_DNS", "hosts": ["*.a.com"]}
PLANTS: tuple[Plant, ...] = (
    entry("entry hosts", {"hosts": []}, codes.EMPTY, "hosts"),
    entry("entry hosts", {"hosts": ["*"]}, codes.BAD_HOST, "hosts[0]"),
    entry(
        "entry selector",
        {
            "resolution": "STATIC",
            "endpoints": [{"address": "1.2.3.4"}],
            "workloadSelector": {"labels": {"a": "b"}},
        },
        codes.CONFLICT,
        "workloadSelector",
    ),
    entry("entry ports", {"ports": [_TCP, {**_TCP, "name": "b"}]}, codes.DUPLICATE_VALUE, "ports[1].number"),
    entry("entry ports", {"ports": [_TCP, {**_TCP, "number": 81}]}, codes.DUPLICATE_VALUE, "ports[1].name"),
    entry("entry ports", {"ports": [{**_TCP, "name": "a_b"}]}, codes.BAD_NAME, "ports[0].name"),
    entry("entry ports", {"ports": [{**_TCP, "protocol": "FOO"}]}, codes.BAD_PROTOCOL, "ports[0].protocol"),
    entry("entry addresses", {"addresses": ["1.2.3"]}, codes.BAD_ADDRESS, "addresses[0]"),
    entry("entry addresses", {"addresses": ["1.2.3.4/33"]}, codes.BAD_ADDRESS, "addresses[0]"),
    entry(
        "entry addresses", {"addresses": ["1.2.3.0/24"], "resolution": "DNS"}, codes.CONFLICT, "addresses[0]"
    ),
    entry("entry none", {"endpoints": [{"address": "1.2.3.4"}]}, codes.CONFLICT, "endpoints"),
    entry("entry none", {"workloadSelector": {"labels": {"a": "b"}}}, codes.NO_EFFECT, "workloadSelector"),
    static("entry static", {"address": "a.com"}, codes.BAD_ADDRESS, "address"),
    entry(
        "entry static",
        {"resolution": "STATIC", "ports": [], "endpoints": [{"address": "unix:///a"}]},
        codes.CONFLICT,
        "endpoints[0].address",
    ),
    entry("entry dns", {"resolution": "DNS", "hosts": ["*.a.com"]}, codes.CONFLICT, "hosts[0]"),
    entry(
        "entry dns",
        {"resolution": "DNS", "endpoints": [{"address": "a b"}]},
        codes.BAD_ADDRESS,
        "endpoints[0].address",
    ),
    entry(
        "entry dns",
        {"resolution": "DNS", "endpoints": [{"address": "unix:///a"}]},
        codes.CONFLICT,
        "endpoints[0].address",
    ),
    entry(
        "entry round robin",
        {"resolution": "DNS_ROUND_ROBIN", "endpoints": [{"address": "a.b"}, {"address": "c.d"}]},
        codes.CONFLICT,
        "endpoints",
    ),
    entry("entry dynamic", {**_DYNAMIC, "hosts": ["a.com"]}, codes.CONFLICT, "hosts[0]"),
    entry("entry dynamic", {**_DYNAMIC, "addresses": ["1.2.3.4"]}, codes.CONFLICT, "addresses"),
    entry("entry dynamic", {**_DYNAMIC, "endpoints": [{"address": "1.2.3.4"}]}, codes.CONFLICT, "endpoints"),
    entry("entry dynamic", {**_DYNAMIC, "ports": [_TCP]}, codes.CONFLICT, "ports[0].protocol"),
    static("entry endpoint port", {"address": "1.2.3.4", "ports": {"web": 1}}, codes.BAD_NAME, "ports.web"),
    static("port", {"address": "1.2.3.4", "ports": {"http": 0}}, codes.BAD_PORT, "ports.http"),
    entry(
        "entry shared port",
        {"resolution": "DNS", "hosts": ["a.b", "c.d"], "ports": [_TCP]},
        codes.CONFLICT,
        "ports[0]",
    ),
    entry(
        "entry shared address",
        {
            "resolution": "DNS",
            "hosts": ["a.b", "c.d"],
            "addresses": ["1.2.3.4"],
            "ports": [{**_TCP, "protocol": "HTTPS"}],
        },
        codes.RISKY,
        "addresses",
    ),
    static("workload address", {}, codes.EMPTY, "address"),
    static("weight", {"address": "1.2.3.4", "weight": -1}, codes.BAD_WEIGHT, "weight"),
    Plant(
        "workload address",
        "WorkloadEntry",
        {"address": REMOVED, "network": REMOVED},
        codes.EMPTY,
        "spec.address",
    ),
    Plant("workload address", "WorkloadEntry", {"address": "a b"}, codes.BAD_ADDRESS, "spec.address"),
    Plant(
        "workload address", "WorkloadEntry", {"address": REMOVED, "network": "n"}, codes.RISKY, "spec.address"
    ),
    Plant(
        "workload socket",
        "WorkloadEntry",
        {"address": "unix://a", "ports": {}},
        codes.BAD_ADDRESS,
        "spec.address",
    ),
    Plant(
        "workload socket",
        "WorkloadEntry",
        {"address": "unix:///a/", "ports": {}},
        codes.BAD_ADDRESS,
        "spec.address",
    ),
    Plant(
        "workload socket",
        "WorkloadEntry",
        {"address": "unix://@a", "ports": {"http": 1}},
        codes.CONFLICT,
        "spec.ports",
    ),
    Plant(
        "label",
        "WorkloadEntry",
        {"address": "1.2.3.4", "ports": {"a_b": 1}},
        codes.BAD_NAME,
        "spec.ports.a_b",
    ),
    Plant("group template", "WorkloadGroup", {"template": REMOVED}, codes.MISSING_FIELD, "spec.template"),
    Plant(
        "group template",
        "WorkloadGroup",
        {"metadata": {"labels": {"a": "b c"}}},
        codes.BAD_SELECTOR,
        "spec.metadata.labels.a",
    ),
    Plant(
        "group template",
        "WorkloadGroup",
        {"template": {"labels": {"a": "b c"}}},
        codes.BAD_SELECTOR,
        "spec.template.labels.a",
    ),
    Plant("group probe", "WorkloadGroup", {"probe": {}}, codes.EMPTY, "spec.probe"),
    Plant(
        "group probe",
        "WorkloadGroup",
        {"probe": {"grpc": {}, "tcpSocket": {"port": 1}}},
        codes.CONFLICT,
        "spec.probe",
    ),
    Plant(
        "group probe",
        "WorkloadGroup",
        {"probe": {"grpc": {}, "periodSeconds": -1}},
        codes.BAD_NUMBER,
        "spec.probe.periodSeconds",
    ),
    Plant("group probe", "WorkloadGroup", {"probe": {"exec": {}}}, codes.EMPTY, "spec.probe.exec.command"),
    Plant(
        "group probe",
        "WorkloadGroup",
        {"probe": {"httpGet": {"port": 1, "scheme": "FTP"}}},
        codes.UNKNOWN_VALUE,
        "spec.probe.httpGet.scheme",
    ),
    Plant(
        "group probe",
        "WorkloadGroup",
        {"probe": {"httpGet": {"port": 1, "httpHeaders": [{"name": "*"}]}}},
        codes.BAD_HEADER,
        "spec.probe.httpGet.httpHeaders[0].name",
    ),
    Plant(
        "port",
        "WorkloadGroup",
        {"probe": {"tcpSocket": {"port": 65536}}},
        codes.BAD_PORT,
        "spec.probe.tcpSocket.port",
    ),
)
