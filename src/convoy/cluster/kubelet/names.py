"""A pod's own /etc/resolv.conf, /etc/hosts and host name."""

from collections.abc import Sequence
from typing import Any

from convoy.api.kube.core import Pod

_SUFFIX = "cluster.local"
_LONGEST = 63  # bytes; the kernel allows 64


def build_resolv_conf(
    pod: Pod, nameserver: str, *, host_nameservers: Sequence[str] = (), domain: str = _SUFFIX
) -> str:
    """Ask the cluster's DNS, with the search list of Kubernetes followed by that of the pod's dnsConfig.

    With dnsPolicy Default it asks the `host_nameservers` instead, and with None only what dnsConfig names.
    """
    config: dict[str, Any] = pod.spec.dns_config
    searches = [f"{pod.metadata.namespace}.svc.{domain}", f"svc.{domain}", domain]
    nameservers, options = [nameserver], {"ndots": "5"}
    if pod.spec.dns_policy == "Default":
        searches, nameservers, options = [], list(host_nameservers) or [nameserver], {}
    if pod.spec.dns_policy == "None":
        searches, nameservers, options = [], [], {}
    searches += [name for name in config.get("searches") or [] if name not in searches]
    nameservers += [address for address in config.get("nameservers") or [] if address not in nameservers]
    options |= {option["name"]: str(option.get("value") or "") for option in config.get("options") or []}
    lines = [f"nameserver {address}" for address in nameservers]
    if searches:
        lines.append(f"search {' '.join(searches)}")
    if options:
        written = (f"{name}:{value}" if value else name for name, value in options.items())
        lines.append(f"options {' '.join(written)}")
    return "".join(f"{line}\n" for line in lines)


def build_hosts(pod: Pod, *, domain: str = _SUFFIX) -> str:
    """Loopback, the pod itself, and its hostAliases."""
    name = _short_name(pod)
    full = _full_name(pod, domain)
    own = f"{full} {name}" if full else name
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"{pod.status.pod_ip} {own}"]
    lines += [f"{alias['ip']} {' '.join(alias.get('hostnames') or [])}" for alias in pod.spec.host_aliases]
    return "".join(f"{line}\n" for line in lines)


def host_name(pod: Pod, *, domain: str = _SUFFIX) -> str:
    """The host name inside the pod."""
    full = _full_name(pod, domain) if pod.spec.set_hostname_as_fqdn else ""
    return (full or _short_name(pod))[:_LONGEST]


def _short_name(pod: Pod) -> str:
    return (pod.spec.hostname or pod.metadata.name)[:_LONGEST].rstrip("-.")


def _full_name(pod: Pod, domain: str) -> str:
    if not pod.spec.subdomain:
        return ""
    return f"{_short_name(pod)}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{domain}"
