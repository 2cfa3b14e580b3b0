"""Every networking kind with its strategy, and objects of it in all its versions."""

from collections.abc import Mapping

from hypothesis import strategies as st
from tests.kit.generated.destination_rules import destination_rules
from tests.kit.generated.gateways import gateways, sidecars
from tests.kit.generated.others import envoy_filters, proxy_configs
from tests.kit.generated.service_entries import service_entries, workload_entries, workload_groups
from tests.kit.generated.values import NAMESPACES, Strategy, manifest
from tests.kit.generated.virtual_services import delegates, virtual_services

from convoy.api.kinds import BY_NAME

SPECS: Mapping[str, Strategy] = {
    "DestinationRule": destination_rules,
    "EnvoyFilter": envoy_filters,
    "Gateway": gateways,
    "ProxyConfig": proxy_configs,
    "ServiceEntry": service_entries(),
    "Sidecar": sidecars(),
    "VirtualService": st.one_of(virtual_services(), virtual_services(), delegates()),
    "WorkloadEntry": workload_entries,
    "WorkloadGroup": workload_groups,
}


def objects(kind: str, *, names: Strategy | None = None) -> Strategy:
    """Valid objects of a kind, in any of its versions."""
    return st.builds(
        lambda version, spec, name, namespace: manifest(kind, version, spec, name=name, namespace=namespace),
        st.sampled_from(BY_NAME[kind].api_versions),
        SPECS[kind],
        st.sampled_from(("a", "b")) if names is None else names,
        st.sampled_from(NAMESPACES),
    )
