"""The table of the demo: what is promised, and which check shows it, in the order in which they are tried.

Promises 1 to 11 are the article's; the last row is about those who may not enter.
"""

from convoy.cli.demo.checks_clusters import check_address, check_clusters, check_injection, check_manifests
from convoy.cli.demo.checks_names import (
    check_absent_versions,
    check_entry,
    check_short_names,
    check_subsets,
)
from convoy.cli.demo.checks_pages import check_ingress, check_routing
from convoy.cli.demo.checks_security import check_mutual_tls, check_refusals
from convoy.cli.demo.evidence import Check
from convoy.cli.demo.stage import Stage

AFTER_DEPLOYING: tuple[Check[Stage], ...] = (
    Check(
        2, "injection", "the label istio-injection=enabled puts a sidecar beside every pod", check_injection
    ),
    Check(3, "manifests", "the manifests are taken as printed, extensions/v1beta1 included", check_manifests),
)
WHILE_ALONE: tuple[Check[Stage], ...] = (
    Check(4, "ingress", "cluster1's gateway serves the page, without ratings while only v1 is there",
          check_ingress),
)  # fmt: skip
WHEN_FOUND: tuple[Check[Stage], ...] = (
    Check(5, "address", "cluster2's gateway has an address that cluster1 reaches", check_address),
)
CONNECTED: tuple[Check[Stage], ...] = (
    Check(11, "mutual-tls", "all of it over mutual TLS, from sidecar to sidecar", check_mutual_tls,
          needs=("injection", "address")),
    Check(6, "entry", "the ServiceEntry works with either VIP, and by the gateway's name or address",
          check_entry, needs=("injection", "address"), unless=("mutual-tls",)),
    Check(7, "subsets", "cluster2 maps the subsets to pods by its own DestinationRule", check_subsets,
          needs=("mutual-tls",)),
    Check(8, "absent", "subsets of versions that are not deployed do no harm", check_absent_versions),
    Check(9, "short-name", "a name without a local Service reaches the other cluster, without a route rule",
          check_short_names, needs=("mutual-tls",)),
    Check(10, "routing", "jason gets v2 and v3, half and half, everybody else v1; the page shows the stars",
          check_routing, needs=("mutual-tls", "subsets", "entry", "ingress")),
    Check(1, "clusters", "two clusters, each with a control plane of its own, in sync", check_clusters),
    Check(12, "refusals", "who may not enter at 15443 reaches no application", check_refusals,
          needs=("address",)),
)  # fmt: skip
