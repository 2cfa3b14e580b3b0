"""A pod's own /etc/resolv.conf, /etc/hosts and host name."""

from typing import Any

from convoy.api.kube.core import Pod

_SUFFIX = "cluster.local"


def build_resolv_conf(pod: Pod, nameserver: str) -> str:
    """Ask the cluster's DNS, with the search list of Kubernetes followed by that of the pod's dnsConfig."""
    config: dict[str, Any] = pod.spec.dns_config
    searches = [f"{pod.metadata.namespace}.svc.{_SUFFIX}", f"svc.{_SUFFIX}", _SUFFIX]
    nameservers, options = [nameserver], {"ndots": "5"}
    if pod.spec.dns_policy == "None":
        searches, nameservers, options = [], [], {}
    searches += [name for name in config.get("searches", []) if name not in searches]
    nameservers += [address for address in config.get("nameservers", []) if address not in nameservers]
    options |= {option["name"]: str(option.get("value", "")) for option in config.get("options", [])}
    lines = [f"nameserver {address}" for address in nameservers]
    if searches:
        lines.append(f"search {' '.join(searches)}")
    if options:
        written = (f"{name}:{value}" if value else name for name, value in options.items())
        lines.append(f"options {' '.join(written)}")
    return "".join(f"{line}\n" for line in lines)


def build_hosts(pod: Pod) -> str:
    """Loopback, the pod itself, and its hostAliases."""
    name = host_name(pod)
    own = (
        f"{name}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{_SUFFIX} {name}"
        if pod.spec.subdomain
        else name
    )
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"{pod.status.pod_ip} {own}"]
    lines += [f"{alias['ip']} {' '.join(alias.get('hostnames', []))}" for alias in pod.spec.host_aliases]
    return "".join(f"{line}\n" for line in lines)


def host_name(pod: Pod) -> str:
    """The host name inside the pod; the kernel allows 64 bytes."""
    return (pod.spec.hostname or pod.metadata.name)[:63]
