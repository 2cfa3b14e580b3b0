"""ServiceEntries in all resolutions, and the workloads behind them."""

from hypothesis import strategies as st
from tests.kit.generated import values as v
from tests.kit.generated.values import Json, Strategy, few, mapping, some, struct

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "http")
_TLS = ("HTTPS", "TLS")
_OTHER = ("", "TCP", "MONGO", "MYSQL", "REDIS", "UDP")
_PORT_NAMES = ("http", "tcp-db", "tls", "Grpc1")
_localities = some("", "region1", "region1/zone1", "region1/zone1/sub", "region2/zone3")
_accounts = some("", "reviews")


def ports(protocols: Strategy, *, least: int = 0, most: int = 3) -> Strategy:
    """Ports with numbers and names of their own."""
    port = struct({"number": v.ports, "name": some(*_PORT_NAMES)}, protocol=protocols, targetPort=v.ports)
    return few(port, least=least, most=most).map(_distinct)


def _distinct(found: list[Json]) -> list[Json]:
    by_name = {port["name"]: port for port in found}
    return list({port["number"]: port for port in by_name.values()}.values())


def workloads(addresses: Strategy, names: list[str]) -> Strategy:
    """Endpoints, and specs of WorkloadEntries; `names` are those of the ports they may give numbers to."""
    numbers = mapping(some(*names), v.ports) if names else st.just({})
    rest: Json = {
        "labels": v.labels,
        "locality": _localities,
        "weight": some(0, 1, 5, 2**32 - 1),
        "serviceAccount": _accounts,
    }
    here = struct({"address": addresses}, ports=numbers, network=some("", "network-2"), **rest)
    elsewhere = struct({"network": some("network-2")}, ports=numbers, **rest)
    return here if addresses is _names else st.one_of(here, here, elsewhere)


_ips = some("198.19.128.10", "198.19.128.11", "2001:db8::5")
_names = some("198.19.128.10", "a.example.com", "b.example.com")


@st.composite
def service_entries(draw: st.DrawFn) -> Json:
    """The spec of one."""
    resolution = draw(some(None, "NONE", "STATIC", "STATIC", "DNS", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"))
    spec: Json = {} if resolution is None else {"resolution": resolution}
    several = draw(v.bools)
    exact = few(some(*v.EXTERNAL, "reviews.default.global"), least=1, most=2 if several else 1, unique=True)
    wild = few(some(*v.WILDCARDS), least=1, most=2 if several else 1, unique=True)
    if resolution == "DYNAMIC_DNS":
        spec |= {"hosts": draw(wild), "ports": draw(ports(some("HTTP", "HTTP2", "GRPC", "TLS")))}
        spec["ports"] = [{"protocol": "HTTP", **port} for port in spec["ports"]]
    else:
        spec["hosts"] = draw(exact)
        is_shared = len(spec["hosts"]) > 1 and resolution not in (None, "NONE")
        protocols = some(*_HTTP, *_TLS) if is_shared else some(*_HTTP, *_TLS, *_OTHER)
        spec["ports"] = draw(ports(protocols))
        if is_shared:
            spec["ports"] = [{"protocol": "HTTP", **port} for port in spec["ports"]]
        _place(draw, spec, resolution or "NONE", draw(wild))
    spec.update(
        draw(
            struct(
                location=some("MESH_EXTERNAL", "MESH_INTERNAL"),
                exportTo=st.one_of(v.export_to, st.just(["~"])),
                subjectAltNames=few(some("spiffe://cluster.local/ns/default/sa/reviews", "a.example.com")),
            )
        )
    )
    return spec


def _place(draw: st.DrawFn, spec: Json, resolution: str, wild: list[str]) -> None:
    """Addresses, endpoints and a selector, as far as they go with the resolution."""
    names = [port["name"] for port in spec["ports"]]
    networks = ["240.1.0.0/16"] if resolution in ("NONE", "STATIC") else []
    spec["addresses"] = draw(few(some("240.0.0.3", "240.0.0.4", "2001:db8::9", *networks), unique=True))
    if resolution == "NONE":
        spec["hosts"] = draw(some(spec["hosts"], wild))
        return
    most = 1 if resolution == "DNS_ROUND_ROBIN" else 3
    addresses = _ips if resolution == "STATIC" else _names
    endpoints = draw(few(workloads(addresses, names), most=most))
    if resolution == "STATIC" and len(spec["ports"]) == 1 and draw(v.bools):
        endpoints = [{"address": "unix:///var/run/generated.sock"}]
    if endpoints:
        spec["endpoints"] = endpoints
        spec["hosts"] = draw(some(spec["hosts"], wild))
        if len(spec["hosts"]) > 1:
            spec["ports"] = [
                {**port, "protocol": port["protocol"] if port.get("protocol") in _HTTP + _TLS else "HTTP"}
                for port in spec["ports"]
            ]
    elif draw(v.bools):
        spec["workloadSelector"] = draw(struct(labels=v.labels))


workload_entries = workloads(
    some("198.19.128.10", "vm.example.com", "unix:///var/run/vm.sock"), ["http"]
).map(
    lambda spec: (
        {key: value for key, value in spec.items() if key != "ports"}
        if spec.get("address", "").startswith("unix")
        else spec
    )
)
_probe = struct(
    initialDelaySeconds=v.counts,
    timeoutSeconds=v.counts,
    periodSeconds=v.counts,
    successThreshold=v.counts,
    failureThreshold=v.counts,
)
_method = st.one_of(
    st.fixed_dictionaries(
        {
            "httpGet": struct(
                {"port": v.ports},
                path=v.paths,
                host=some("127.0.0.1"),
                scheme=some("HTTP", "HTTPS"),
                httpHeaders=few(struct({"name": some("x-a")}, value=v.texts)),
            )
        }
    ),
    st.fixed_dictionaries({"tcpSocket": struct({"port": v.ports}, host=some("127.0.0.1"))}),
    st.fixed_dictionaries({"exec": st.fixed_dictionaries({"command": few(some("true", "-x"), least=1)})}),
    st.fixed_dictionaries({"grpc": struct(port=v.ports, service=some("", "health"))}),
)
workload_groups = struct(
    {"template": st.one_of(workload_entries, st.just({}))},
    metadata=struct(labels=v.labels, annotations=mapping(some("a", "example.com/b"), v.texts)),
    probe=st.tuples(_probe, _method).map(lambda both: {**both[0], **both[1]}),
)
