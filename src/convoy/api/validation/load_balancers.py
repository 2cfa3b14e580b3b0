"""How the endpoint of a request is chosen."""

import math

from convoy.api import codes
from convoy.api.istio.destination_rule import ConsistentHash, HttpCookie, LoadBalancer, SimpleLb, Warmup
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.finding import Findings
from convoy.api.validation.localities import check_locality_setting, check_zone_setting

# https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/load_balancing_policies/maglev/v3/maglev.proto
_LARGEST_TABLE = 5000011


def check_load_balancer(
    path: str, balancer: LoadBalancer, found: Findings, *, detects_outliers: bool
) -> None:
    """Algorithm, locality and warm-up. Failing over needs endpoints to be found failing."""
    simple, hashing, load = balancer.simple, balancer.consistent_hash, balancer.backend_utilization
    kinds = {"simple": simple, "consistentHash": hashing, "backendUtilization": load}
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    if simple is SimpleLb.LEAST_CONN:
        remedy = "Use LEAST_REQUEST, which is the same."
        found.add(codes.DEPRECATED, f"{path}.simple", "LEAST_CONN is deprecated.", remedy)
    if hashing is not None:
        _check_hash(f"{path}.consistentHash", hashing, found)
    if balancer.locality_lb_setting is not None and balancer.zone_aware_lb_setting is not None:
        message = "localityLbSetting and zoneAwareLbSetting exclude each other."
        found.add(codes.CONFLICT, path, message, "Keep one of them.")
    if (locality := balancer.locality_lb_setting) is not None:
        check_locality_setting(
            f"{path}.localityLbSetting", locality, found, detects_outliers=detects_outliers
        )
    if (zone := balancer.zone_aware_lb_setting) is not None:
        check_zone_setting(f"{path}.zoneAwareLbSetting", zone, found, detects_outliers=detects_outliers)
    if balancer.warmup is not None:
        _check_warmup(f"{path}.warmup", balancer.warmup, found)
    if balancer.warmup_duration_secs is not None:
        found.add(codes.DEPRECATED, f"{path}.warmupDurationSecs", "is deprecated.", "Use warmup.duration.")


def _check_hash(path: str, hashing: ConsistentHash, found: Findings) -> None:
    keys = {
        "httpHeaderName": hashing.http_header_name,
        "httpCookie": hashing.http_cookie,
        "useSourceIp": hashing.use_source_ip,
        "httpQueryParameterName": hashing.http_query_parameter_name,
    }
    given = [name for name, value in keys.items() if value is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    header = hashing.http_header_name
    if header is not None and not names.is_header_name(header):
        message = f"{quote(header)} is not a header name."
        found.add(codes.BAD_HEADER, f"{path}.httpHeaderName", message, 'Use letters, digits and "-".')
    if hashing.http_query_parameter_name == "":
        found.add(codes.EMPTY, f"{path}.httpQueryParameterName", "is empty.", "Name the parameter.")
    if hashing.http_cookie is not None:
        _check_cookie(f"{path}.httpCookie", hashing.http_cookie, found)
    if hashing.minimum_ring_size:
        remedy = "Use ringHash.minimumRingSize."
        found.add(codes.DEPRECATED, f"{path}.minimumRingSize", "is deprecated.", remedy)
    forms = {"ringHash": hashing.ring_hash, "maglev": hashing.maglev}
    forms["minimumRingSize"] = hashing.minimum_ring_size or None  # type: ignore[assignment]
    given = [name for name, value in forms.items() if value is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    if hashing.maglev is not None:
        _check_table(f"{path}.maglev.tableSize", hashing.maglev.table_size, found)


def _check_cookie(path: str, cookie: HttpCookie, found: Findings) -> None:
    found.check_not_empty(f"{path}.name", cookie.name, "Name the cookie.")
    for i, attribute in enumerate(cookie.attributes):
        here = f"{item_path(f'{path}.attributes', i)}.name"
        found.check_not_empty(here, attribute.name, "Name the attribute.")
    found.check_unique(f"{path}.attributes", [each.name for each in cookie.attributes], member="name")


def _check_table(path: str, size: int | None, found: Findings) -> None:
    if not size:
        found.add(codes.MISSING_FIELD, path, "is required but missing.", "Use a prime, such as 65537.")
    elif size >= _LARGEST_TABLE:
        found.add(codes.BAD_NUMBER, path, f"{size} is too large.", f"Use a prime below {_LARGEST_TABLE}.")
    elif not _is_prime(size):
        found.add(codes.BAD_NUMBER, path, f"{size} is not a prime.", "Use a prime, such as 65537.")


def _is_prime(number: int) -> bool:
    """As Envoy has it, to which 1 is a prime."""
    if number < 4:
        return True
    return number % 2 == 1 and all(number % factor for factor in range(3, math.isqrt(number) + 1, 2))


def _check_warmup(path: str, warmup: Warmup, found: Findings) -> None:
    if warmup.duration is None:
        remedy = "Say how long an endpoint warms up."
        found.add(codes.MISSING_FIELD, f"{path}.duration", "is required but missing.", remedy)
    if warmup.aggression is not None and warmup.aggression <= 0:
        message = f"{warmup.aggression:g} is not greater than 0."
        found.add(codes.BAD_NUMBER, f"{path}.aggression", message, "Use 1 for a straight line.")
