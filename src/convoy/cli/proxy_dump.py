"""Envoy's admin answers, turned into rows for people: listeners, routes, clusters, endpoints, secrets.

Reads the JSON of `/config_dump` and `/clusters?format=json` (Envoy admin interface, v3). Pure; the command
that fetches them is beside it.
"""

import base64
from collections.abc import Iterator
from typing import Any

from cryptography import x509

Json = dict[str, Any]
Row = tuple[str, ...]

COLUMNS: dict[str, Row] = {
    "listener": ("NAME", "ADDRESS", "CHAIN", "MATCH", "DESTINATION"),
    "route": ("NAME", "VIRTUAL HOST", "DOMAINS", "MATCH", "DESTINATION", "RULE"),
    "cluster": ("SERVICE", "PORT", "SUBSET", "DIRECTION", "TYPE", "TLS"),
    "endpoint": ("ENDPOINT", "STATUS", "CLUSTER"),
    "secret": ("NAME", "TYPE", "STATE", "IDENTITY", "SERIAL", "NOT AFTER"),
}


def configs(dump: Json, kind: str) -> Iterator[Json]:
    """The sections of a config dump whose message is `kind`, such as `ListenersConfigDump`."""
    for section in dump.get("configs", []):
        if section.get("@type", "").endswith(kind):
            yield section


def listeners(dump: Json) -> list[Json]:
    """Active listeners, static ones last."""
    found = []
    for section in configs(dump, "ListenersConfigDump"):
        dynamic = [
            entry["active_state"]["listener"]
            for entry in section.get("dynamic_listeners", [])
            if "active_state" in entry
        ]
        found += dynamic + [entry["listener"] for entry in section.get("static_listeners", [])]
    return found


def routes(dump: Json) -> list[Json]:
    """Route configurations received over RDS."""
    return [
        entry["route_config"]
        for section in configs(dump, "RoutesConfigDump")
        for entry in section.get("dynamic_route_configs", [])
    ]


def clusters(dump: Json) -> list[Json]:
    """Active clusters, static ones last."""
    found = []
    for section in configs(dump, "ClustersConfigDump"):
        for group in ("dynamic_active_clusters", "static_clusters"):
            found += [entry["cluster"] for entry in section.get(group, [])]
    return found


def listener_rows(dump: Json) -> list[Row]:
    """One row for each filter chain."""
    rows = []
    for listener in listeners(dump):
        socket = listener["address"].get("socket_address", {})
        address = f"{socket.get('address', '')}:{socket.get('port_value', '')}"
        chains = [*listener.get("filter_chains", []), *filter(None, [listener.get("default_filter_chain")])]
        for chain in chains:
            match = _chain_match(chain.get("filter_chain_match", {}))
            rows.append((listener["name"], address, chain.get("name", ""), match, _chain_target(chain)))
    return sorted(rows)


def _chain_match(match: Json) -> str:
    parts = []
    if "destination_port" in match:
        parts.append(f"port {match['destination_port']}")
    if "transport_protocol" in match:
        parts.append(match["transport_protocol"])
    for key, label in (("server_names", "SNI"), ("application_protocols", "ALPN")):
        if match.get(key):
            parts.append(f"{label} {', '.join(match[key])}")
    return "; ".join(parts) or "all"


def _chain_target(chain: Json) -> str:
    for network_filter in chain.get("filters", []):
        config = network_filter.get("typed_config", {})
        if "rds" in config:
            return f"route {config['rds']['route_config_name']}"
        if "route_config" in config:
            return f"inline route {config['route_config'].get('name', '')}"
        if "cluster" in config:
            return f"cluster {config['cluster']}"
        if "weighted_clusters" in config:
            return f"clusters {_weights(config['weighted_clusters'])}"
    return ""


def route_rows(dump: Json) -> list[Row]:
    """One row for each route of each virtual host."""
    rows: list[Row] = []
    for config in routes(dump):
        for host in config.get("virtual_hosts", []):
            for route in host.get("routes", []):
                rows.append(
                    (
                        config["name"],
                        host["name"],
                        _shortened(host["domains"]),
                        _route_match(route["match"]),
                        _route_target(route),
                        _rule(route),
                    )
                )
    return rows


def _shortened(names: list[str]) -> str:
    return names[0] + (f" + {len(names) - 1} more" if len(names) > 1 else "")


def _route_match(match: Json) -> str:
    if "path" in match:
        parts = [match["path"]]
    elif "safe_regex" in match:
        parts = [f"~{match['safe_regex'].get('regex', '')}"]
    else:
        parts = [f"{match.get('prefix', '/')}*"]
    parts += [_header_match(header) for header in match.get("headers", [])]
    return " ".join(parts)


def _header_match(header: Json) -> str:
    text = header.get("string_match", {})
    for kind, sign in (("exact", "="), ("prefix", "^="), ("safe_regex", "~")):
        if kind in text:
            value = text[kind]["regex"] if kind == "safe_regex" else text[kind]
            return f"{'!' if header.get('invert_match') else ''}{header['name']}{sign}{value}"
    return f"{'!' if header.get('invert_match') else ''}{header['name']}"


def _route_target(route: Json) -> str:
    action = route.get("route", {})
    if "weighted_clusters" in action:
        return _weights(action["weighted_clusters"])
    if "cluster" in action:
        return str(action["cluster"])
    if "direct_response" in route:
        return f"status {route['direct_response']['status']}"
    return ""


def _weights(weighted: Json) -> str:
    return ", ".join(f"{part.get('weight', 0)} {part['name']}" for part in weighted["clusters"])


def _rule(route: Json) -> str:
    rule = route.get("metadata", {}).get("filter_metadata", {}).get("convoy", {})
    return f"{rule['kind']} {rule['namespace']}/{rule['name']} {rule['rule']}" if "kind" in rule else ""


def cluster_rows(dump: Json) -> list[Row]:
    """One row for each cluster, its name taken apart where it follows the mesh's naming."""
    rows = []
    for cluster in clusters(dump):
        direction, port, subset, host = _name_parts(cluster["name"])
        rows.append((host, port, subset or "-", direction, cluster.get("type", "EDS"), _cluster_tls(cluster)))
    return sorted(rows)


def _name_parts(name: str) -> tuple[str, str, str, str]:
    for separator in ("|", "_."):
        parts = name.split(separator, 3)
        if len(parts) == 4:
            direction, port, subset, host = parts
            return direction, port, "" if subset == "_" else subset, host or "-"
    return "-", "-", "", name


def _cluster_tls(cluster: Json) -> str:
    if cluster.get("transport_socket_matches"):
        return "automatic"
    return "mutual" if "transport_socket" in cluster else "none"


def endpoint_rows(answer: Json) -> list[Row]:
    """One row for each host of each cluster, from `/clusters?format=json`."""
    rows = []
    for cluster in answer.get("cluster_statuses", []):
        for host in cluster.get("host_statuses", []):
            socket = host["address"].get("socket_address", {})
            health = host.get("health_status", {}).get("eds_health_status", "HEALTHY")
            rows.append(
                (f"{socket.get('address', '')}:{socket.get('port_value', '')}", health, cluster["name"])
            )
    return sorted(rows)


def secret_rows(dump: Json) -> list[Row]:
    """One row for each secret, with what its first certificate says; keys are never looked at."""
    rows = []
    for section in configs(dump, "SecretsConfigDump"):
        for group, state in (("dynamic_active_secrets", "active"), ("dynamic_warming_secrets", "warming")):
            for entry in section.get(group, []):
                secret = entry.get("secret", {})
                is_root = "validation_context" in secret
                chain = (
                    secret.get("validation_context", {}).get("trusted_ca", {})
                    if is_root
                    else secret.get("tls_certificate", {}).get("certificate_chain", {})
                )
                kind = "root" if is_root else "key pair"
                rows.append((entry["name"], kind, state, *_certificate_facts(chain)))
    return sorted(rows)


def _certificate_facts(source: Json) -> tuple[str, str, str]:
    """(SPIFFE ID or host names, serial, expiry) of the first certificate; dashes while there is none."""
    text = source.get("inline_string", "").encode() or base64.b64decode(source.get("inline_bytes", ""))
    if not text:
        return ("-", "-", "-")
    certificate = x509.load_pem_x509_certificates(text)[0]
    identity = ", ".join(_names(certificate)) or "-"
    expiry = certificate.not_valid_after_utc.isoformat().replace("+00:00", "Z")
    return (identity, f"{certificate.serial_number:x}", expiry)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    return uris or names.value.get_values_for_type(x509.DNSName)
