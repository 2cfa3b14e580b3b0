"""DestinationRules whose credentials no proxy can be given.

A rule counts for gateways of several namespaces, each with Secrets of its own, and not every gateway calls
its host. So only what is wrong in all of them is told. What Gateways name, `gateways` looks at.
"""

from collections.abc import Iterator

from convoy.api.istio.destination_rule import ClientTlsMode, ClientTlsSettings, TrafficPolicy
from convoy.api.problems import Problem
from convoy.mesh.credentials import CredentialFault, Credentials
from convoy.mesh.facts import Ground
from convoy.mesh.host_rules import HostRule
from convoy.mesh.origination import credential_key


def check_credentials(facts: Ground) -> Iterator[Problem]:
    """Every rule that names a credential, against the namespaces whose proxies look for it."""
    gateways = {pod.namespace for pod in facts.gateway_pods}
    for rule in facts.rules:
        own = {rule.key.namespace} if rule.rule.spec.workload_selector else set()
        for field, tls in _settings(rule):
            faults = [_fault(tls, facts.credentials, namespace) for namespace in sorted(gateways | own)]
            fault = faults[0] if faults else None
            if fault is not None and all(faults):
                yield Problem(
                    code=fault.code,
                    key=rule.key,
                    field=f"{field}.credentialName",
                    message=f"{fault.message} Requests by this rule are answered with 503.",
                    remedy=fault.remedy,
                )


def _fault(tls: ClientTlsSettings, credentials: Credentials, namespace: str) -> CredentialFault | None:
    key = credential_key(tls.credential_name, namespace)
    if key is None:
        return None
    found = [credentials.find_key_pair(key)] if tls.mode is ClientTlsMode.MUTUAL else []
    roots = [] if tls.insecure_skip_verify else [credentials.find_trust(key)]
    return next((each for each in (*found, *roots) if isinstance(each, CredentialFault)), None)


def _settings(rule: HostRule) -> Iterator[tuple[str, ClientTlsSettings]]:
    """The blocks that name a credential and make use of it, with their fields."""
    spec = rule.rule.spec
    yield from _of_policy("spec.trafficPolicy", spec.traffic_policy)
    for index, subset in enumerate(spec.subsets):
        yield from _of_policy(f"spec.subsets[{index}].trafficPolicy", subset.traffic_policy)


def _of_policy(field: str, policy: TrafficPolicy | None) -> Iterator[tuple[str, ClientTlsSettings]]:
    if policy is None:
        return
    levels = [(f"{field}.tls", policy.tls)]
    levels += [
        (f"{field}.portLevelSettings[{index}].tls", level.tls)
        for index, level in enumerate(policy.port_level_settings)
    ]
    for where, tls in levels:
        if tls and tls.credential_name and tls.mode in (ClientTlsMode.SIMPLE, ClientTlsMode.MUTUAL):
            yield where, tls
