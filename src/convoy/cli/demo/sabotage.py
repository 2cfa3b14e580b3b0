"""Break one thing on purpose, to see that the right row of the table fails.

Each sabotage is a mistake that somebody could make. `row` is the name of the check that must notice it.
"""

from collections.abc import Callable

import msgspec

from convoy.cli.demo.script import CLUSTER1, CLUSTER2, Script, find


class Sabotage(msgspec.Struct, frozen=True):
    """A mistake: what it is, which check notices, and how it comes into the script."""

    about: str
    row: str
    edit: Callable[[Script], None]


def _stop_control_plane(script: Script) -> None:
    script.stopped = CLUSTER2


def _leave_label_out(script: Script) -> None:
    script.injected.remove(CLUSTER2)


def _misspell_kind(script: Script) -> None:
    find(script.applications[CLUSTER1], "Deployment", "details-v1")["kind"] = "Deploymnt"


def _leave_gateway_out(script: Script) -> None:
    script.gateway.clear()


def _take_address_away(script: Script) -> None:
    script.missing_gateway = CLUSTER2


def _use_wrong_port(script: Script) -> None:
    [endpoint] = find(script.remote, "ServiceEntry", "reviews-default")["spec"]["endpoints"]
    endpoint["ports"]["http1"] = 15444


def _leave_remote_rule_out(script: Script) -> None:
    script.subsets[CLUSTER2].clear()


def _mislabel_subset(script: Script) -> None:
    rule = find(script.subsets[CLUSTER2], "DestinationRule", "reviews")
    rule["spec"]["subsets"] = [
        {**subset, "labels": {"version": "v2-typo"}} if subset["name"] == "v2" else subset
        for subset in rule["spec"]["subsets"]
    ]


def _define_only_local_subsets(script: Script) -> None:
    rule = find(script.subsets[CLUSTER1], "DestinationRule", "reviews")
    rule["spec"]["subsets"] = [subset for subset in rule["spec"]["subsets"] if subset["name"] == "v1"]


def _make_local_ratings(script: Script) -> None:
    ratings = find(script.applications[CLUSTER2], "Service", "ratings")
    script.applications[CLUSTER1].append(ratings)


def _leave_routing_out(script: Script) -> None:
    script.routing.clear()


def _speak_plain_text(script: Script) -> None:
    rule = find(script.remote, "DestinationRule", "reviews-global")
    rule["spec"]["trafficPolicy"]["tls"]["mode"] = "DISABLE"


def _use_foreign_root(script: Script) -> None:
    script.foreign_root = CLUSTER2


SABOTAGES = {
    "no-control-plane": Sabotage("cluster2's control plane is stopped", "clusters", _stop_control_plane),
    "no-injection-label": Sabotage(
        "cluster2's namespace lacks the label istio-injection=enabled", "injection", _leave_label_out
    ),
    "misspelt-kind": Sabotage("details is a Deploymnt", "manifests", _misspell_kind),
    "no-gateway": Sabotage("cluster1 has no Gateway for the page", "ingress", _leave_gateway_out),
    "no-gateway-address": Sabotage(
        "the Service of cluster2's gateway is no LoadBalancer", "address", _take_address_away
    ),
    "wrong-gateway-port": Sabotage(
        "cluster1's ServiceEntry names port 15444 of cluster2's gateway", "entry", _use_wrong_port
    ),
    "no-remote-destination-rule": Sabotage(
        "cluster2 has no DestinationRule for reviews", "subsets", _leave_remote_rule_out
    ),
    "wrong-subset-label": Sabotage(
        "cluster2's DestinationRule maps subset v2 to a label that no pod has", "subsets", _mislabel_subset
    ),
    "only-local-subsets": Sabotage(
        "cluster1's DestinationRule for reviews has no subsets but v1", "absent", _define_only_local_subsets
    ),
    "local-ratings": Sabotage(
        "cluster1 has a Service ratings without any pod", "short-name", _make_local_ratings
    ),
    "no-virtual-service": Sabotage(
        "cluster1 has no VirtualService for reviews", "routing", _leave_routing_out
    ),
    "tls-disable": Sabotage(
        "cluster1's DestinationRule for reviews.default.global says tls mode DISABLE",
        "mutual-tls",
        _speak_plain_text,
    ),
    "foreign-root": Sabotage(
        "cluster2's certificates come from another root", "mutual-tls", _use_foreign_root
    ),
}
