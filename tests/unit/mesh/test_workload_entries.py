"""What selectors select: pods and WorkloadEntries, for ServiceEntries and for Kubernetes Services."""

from typing import Any

from tests.unit.mesh.objects import entry, istio, pod, problems, resolve, service, upstream

from convoy.api.meta import Hostname
from convoy.mesh.model import Endpoint, EndpointKey, MeshSnapshot, Protocol

CALLER = pod("caller", "198.18.1.200")
HOST, KUBE = "a.example.com", "reviews.default.svc.cluster.local"


def machine(name: str, address: str, *, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    more = {field: spec.pop(field) for field in ("labels", "annotations") if field in spec}
    return istio("WorkloadEntry", name, {"address": address, **spec}, namespace=namespace, **more)


def selecting(**labels: str) -> dict[str, Any]:
    return entry(HOST, resolution="STATIC", workloadSelector={"labels": labels})


def endpoints(snapshot: MeshSnapshot, host: str = HOST, port: int = 9080) -> tuple[Endpoint, ...]:
    return snapshot.endpoints[EndpointKey(Hostname(host), port)]


def places(snapshot: MeshSnapshot, host: str = HOST, port: int = 9080) -> list[tuple[str, int]]:
    return [(one.address, one.port) for one in endpoints(snapshot, host, port)]


class TestServiceEntries:
    def test_pods_and_workload_entries_of_its_namespace_are_selected(self) -> None:
        snapshot = resolve(
            CALLER,
            selecting(app="web"),
            pod("web", "198.18.1.1"),
            pod("web", "198.18.2.1", namespace="other"),
            machine("vm", "10.0.0.1", labels={"app": "web"}),
            machine("elsewhere", "10.0.0.2", labels={"app": "web"}, namespace="other"),
            machine("different", "10.0.0.3", labels={"app": "db"}),
        )
        assert places(snapshot) == [("10.0.0.1", 9080), ("198.18.1.1", 9080)]

    def test_an_empty_selector_selects_the_whole_namespace(self) -> None:
        snapshot = resolve(CALLER, selecting(), machine("vm", "10.0.0.1"))
        assert places(snapshot) == [("10.0.0.1", 9080), ("198.18.1.200", 9080)]

    def test_labels_of_object_and_spec_are_one_and_the_objects_count(self) -> None:
        both = {"labels": {"app": "web", "tier": "a"}}
        made = istio(
            "WorkloadEntry", "vm", {"address": "10.0.0.1", "labels": {"app": "db", "x": "y"}}, **both
        )
        assert places(resolve(CALLER, selecting(app="web", x="y"), made)) == [("10.0.0.1", 9080)]
        assert places(resolve(CALLER, selecting(app="db"), made)) == []

    def test_only_addresses_that_can_be_used_are(self) -> None:
        listed = [
            machine("ip", "10.0.0.1"),
            machine("name", "vm.example.com"),
            machine("socket", "unix:///a.sock"),
            istio("WorkloadEntry", "none", {"network": "n"}),
        ]
        found = places(resolve(CALLER, selecting(app=""), *[_labelled(one) for one in listed]))
        assert found == [("/a.sock", 0), ("10.0.0.1", 9080)]
        names = entry(HOST, workloadSelector={"labels": {"app": ""}})
        found = places(resolve(CALLER, names, *[_labelled(one) for one in listed]))
        assert found == [("10.0.0.1", 9080), ("vm.example.com", 9080)]

    def test_ports_go_by_the_name_of_the_services_port(self) -> None:
        container = {"name": "app", "image": "app", "ports": [{"name": "http", "containerPort": 8080}]}
        snapshot = resolve(
            CALLER,
            entry(
                HOST,
                resolution="STATIC",
                workloadSelector={"labels": {"app": "web"}},
                ports=[{"number": 9080, "name": "http", "protocol": "HTTP", "targetPort": 81}],
            ),
            pod("named", "198.18.1.1", app="web", spec={"containers": [container]}),
            pod("plain", "198.18.1.2", app="web"),
            machine("named", "10.0.0.1", labels={"app": "web"}, ports={"http": 82}),
            machine("plain", "10.0.0.2", labels={"app": "web"}),
        )
        assert places(snapshot) == [
            ("10.0.0.1", 82),
            ("10.0.0.2", 81),
            ("198.18.1.1", 8080),
            ("198.18.1.2", 81),
        ]

    def test_pods_that_are_not_ready_get_nothing_but_are_believed(self) -> None:
        away = {"conditions": [{"type": "Ready", "status": "False"}]}
        snapshot = resolve(CALLER, selecting(app="web"), pod("web", "198.18.1.1", status=away))
        assert places(snapshot) == []
        assert upstream(snapshot, HOST).tls.identities == ("spiffe://cluster.local/ns/default/sa/web",)

    def test_selected_pods_speak_what_the_entry_says(self) -> None:
        snapshot = resolve(CALLER, selecting(app="web"), pod("web", "198.18.1.1"))
        inbound = snapshot.workloads["web.default"].inbound
        assert inbound is not None
        assert [(one.port, one.protocol) for one in inbound.ports] == [(9080, Protocol.HTTP)]


def _labelled(one: dict[str, Any]) -> dict[str, Any]:
    one["metadata"]["labels"] = {"app": ""}
    return one


class TestKubernetesServices:
    def test_workload_entries_are_beside_pods(self) -> None:
        snapshot = resolve(
            CALLER,
            service("reviews", 9080),
            pod("reviews", "198.18.1.1"),
            machine(
                "vm", "10.0.0.1", labels={"app": "reviews"}, serviceAccount="vm", weight=3, locality="a/b"
            ),
            machine("name", "vm.example.com", labels={"app": "reviews"}),
        )
        listed, own = endpoints(snapshot, KUBE)
        assert (listed.address, listed.weight, listed.locality, listed.accepts_mtls) == (
            "10.0.0.1",
            3,
            "a/b",
            True,
        )
        assert own.workload == "reviews.default"
        account = "spiffe://cluster.local/ns/default/sa"
        assert upstream(snapshot, KUBE).tls.identities == (f"{account}/reviews", f"{account}/vm")

    def test_ports_are_numbers_names_or_overridden_by_the_services_port(self) -> None:
        ports = (
            {"port": 80, "name": "http", "targetPort": 8080},
            {"port": 81, "name": "http-b", "targetPort": "web"},
        )
        snapshot = resolve(
            CALLER,
            service("reviews", *ports),
            machine("one", "10.0.0.1", labels={"app": "reviews"}, ports={"http": 1, "web": 2}),
            machine("two", "10.0.0.2", labels={"app": "reviews"}),
        )
        assert places(snapshot, KUBE, 80) == [("10.0.0.1", 1), ("10.0.0.2", 8080)]
        assert places(snapshot, KUBE, 81) == [("10.0.0.1", 2)]

    def test_headless_services_have_their_pods_alone(self) -> None:
        headless = service("reviews", 9080, spec={"clusterIP": "None"})
        vm = machine("vm", "10.0.0.1", labels={"app": "reviews"})
        assert places(resolve(CALLER, headless, vm), KUBE) == []

    def test_who_is_said_to_be_unhealthy_gets_nothing(self) -> None:
        checked = {"proxy.istio.io/health-checks-enabled": "true"}
        found = {
            state: places(
                resolve(
                    CALLER,
                    service("reviews", 9080),
                    {**machine("vm", "10.0.0.1", labels={"app": "reviews"}, annotations=checked), **status},
                ),
                KUBE,
            )
            for state, status in {
                "unknown": {},
                "well": {"status": {"conditions": [{"type": "Healthy", "status": "True"}]}},
                "ill": {"status": {"conditions": [{"type": "Healthy", "status": "False"}]}},
            }.items()
        }
        assert found == {"unknown": [], "well": [("10.0.0.1", 9080)], "ill": []}


def test_a_workload_entry_that_nobody_selects_changes_nothing() -> None:
    objects = (CALLER, service("reviews", 9080), pod("reviews", "198.18.1.1"))
    before = resolve(*objects)
    after = resolve(*objects, machine("vm", "10.0.0.1", labels={"app": "db"}), previous=before)
    assert after.sidecar_views is before.sidecar_views
    assert after.endpoints is before.endpoints


class TestWorkloadGroups:
    """Members are what their group's template says."""

    @staticmethod
    def member(name: str, address: str, *, group: str = "vms", **more: Any) -> dict[str, Any]:
        env = [{"name": "ISTIO_META_AUTO_REGISTER_GROUP", "value": group}]
        proxy = {"name": "istio-proxy", "image": "auto", "env": env}
        return pod(name, address, spec={"initContainers": [proxy]}, **more)

    @staticmethod
    def group(*, account: str = "", **more: Any) -> dict[str, Any]:
        template = {"labels": {"tier": "vms"}, "ports": {"http": 1}, "serviceAccount": account}
        return istio("WorkloadGroup", "vms", {"template": template, **more})

    def test_a_template_stands_for_each_member(self) -> None:
        snapshot = resolve(
            CALLER,
            selecting(tier="vms"),
            self.group(account="a"),
            self.member("a", "198.18.1.1"),
            self.member("b", "198.18.1.2"),
            self.member("c", "198.18.1.3", account="a", group="others"),
            self.member("a", "198.18.2.1", namespace="other"),
            self.member("d", "198.18.1.4", account="a", sidecar=False),
            self.member("e", "198.18.1.5", account="a"),
        )
        assert places(snapshot) == [("198.18.1.1", 1), ("198.18.1.5", 1)]
        assert {one.accepts_mtls for one in endpoints(snapshot)} == {True}
        assert upstream(snapshot, HOST).tls.identities == ("spiffe://cluster.local/ns/default/sa/a",)

    def test_members_whose_pods_are_not_ready_get_nothing(self) -> None:
        away = {"conditions": [{"type": "Ready", "status": "False"}]}
        objects = (CALLER, selecting(tier="vms"), self.group())
        assert places(resolve(*objects, self.member("a", "198.18.1.1", status=away))) == []
        assert places(resolve(*objects, self.member("a", "198.18.1.1"))) == [("198.18.1.1", 1)]

    def test_members_are_told_how_their_group_asks(self) -> None:
        probe = {"tcpSocket": {"port": 5432}}
        asked = resolve(CALLER, self.group(probe=probe), self.member("a", "198.18.1.1"))
        assert {name: one.tcp_socket and one.tcp_socket.port for name, one in asked.probes.items()} == {
            "a.default": 5432
        }
        assert resolve(CALLER, self.group(), self.member("a", "198.18.1.1")).probes == {}

    def test_who_joins_a_group_and_is_no_member_is_told(self) -> None:
        lost = self.member("a", "198.18.1.1", group="vm")
        (problem,) = problems(CALLER, self.group(), lost)
        assert (problem.code.id, str(problem.key)) == ("CVY0245", "Pod default/a")
        assert problem.remedy == 'Did you mean "vms"?'
        (problem,) = problems(CALLER, self.group(account="other"), self.member("a", "198.18.1.1"))
        assert (problem.code.id, str(problem.key)) == ("CVY0245", "WorkloadGroup default/vms")
        assert problems(CALLER, self.group(account="a"), self.member("a", "198.18.1.1")) == ()
