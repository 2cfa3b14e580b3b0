"""The name tables, and the addresses that entries get automatically."""

import ipaddress

from tests.unit.mesh.objects import entry, names, pod, remote, resolve, service

from convoy.mesh.vips import assign_vips

CALLER = pod("caller", "198.18.1.200")


def test_headless_name_gives_the_pods_and_each_pod_its_own() -> None:
    spec = {"subdomain": "db", "hostname": "db-0"}
    found = names(
        resolve(
            CALLER,
            service("db", 80, spec={"clusterIP": "None"}),
            pod("db-0", "198.18.1.2", app="db", spec=spec),
            pod("other", "198.18.1.1", app="db"),
        )
    )

    assert found["db"] == ("198.18.1.1", "198.18.1.2")
    assert found["db-0.db.default.svc.cluster.local"] == ("198.18.1.2",)


def test_name_without_address_is_absent() -> None:
    found = names(resolve(CALLER, service("db", 80, spec={"clusterIP": "None"}), service("web", 80)))

    assert found == {}


def test_wildcard_entry_with_an_address_is_a_wildcard_name() -> None:
    made = entry("*.example.com", addresses=["240.0.0.9"], endpoints=[remote("198.19.0.12")])
    assert names(resolve(CALLER, made)) == {"*.example.com": ("240.0.0.9",)}


def test_entry_without_address_gets_the_same_one_whatever_else_there_is() -> None:
    one, other = (
        entry(f"{name}.default.global", endpoints=[remote("198.19.0.12")]) for name in ("ratings", "details")
    )
    alone = names(resolve(CALLER, one))["ratings.default.global"]
    together = resolve(CALLER, one, other)

    assert names(together)["ratings.default.global"] == alone
    assert ipaddress.ip_address(alone[0]) in ipaddress.ip_network("240.240.0.0/16")
    assert names(together)["ratings"] == alone
    assert names(together)["details"] != alone


def test_automatic_addresses_avoid_each_other_and_those_taken() -> None:
    hosts = [f"host-{number}.example.com" for number in range(2_000)]
    assigned = assign_vips(hosts)

    assert len(set(assigned.values())) == len(hosts)
    taken = assigned[hosts[0]]
    assert assign_vips([hosts[0]], taken=[taken])[hosts[0]] != taken
    assert assign_vips(reversed(hosts)) == assigned


def test_hidden_services_have_no_name() -> None:
    hidden = entry("x.example.com", exportTo=["."], namespace="web", endpoints=[remote("198.19.0.12")])
    assert "x.example.com" not in names(resolve(CALLER, hidden))
