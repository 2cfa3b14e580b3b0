"""Copies of requests that a rule sends to other destinations."""

from convoy.api import codes
from convoy.api.istio.common import Percent
from convoy.api.istio.virtual_service import HttpRoute
from convoy.api.paths import item_path
from convoy.api.validation.destinations import check_destination
from convoy.api.validation.finding import Findings


def check_mirrors(path: str, rule: HttpRoute, found: Findings) -> None:
    """`mirror` or `mirrors`, and the share that is copied."""
    if rule.mirror is not None:
        check_destination(f"{path}.mirror", rule.mirror, found)
        if rule.mirrors:
            message = "mirror and mirrors exclude each other."
            found.add(codes.CONFLICT, path, message, "Keep mirrors.")
    for i, mirror in enumerate(rule.mirrors):
        here = item_path(f"{path}.mirrors", i)
        check_destination(f"{here}.destination", mirror.destination, found)
        _check_share(f"{here}.percentage", mirror.percentage, found)
    _check_share(f"{path}.mirrorPercentage", rule.mirror_percentage, found)
    for name, old in (("mirrorPercent", rule.mirror_percent), ("mirror_percent", rule.mirror_percent_alias)):
        if old is not None:
            found.add(codes.DEPRECATED, f"{path}.{name}", "is deprecated.", "Use mirrorPercentage.value.")
    if rule.mirror is None and (rule.mirror_percentage or rule.mirror_percent is not None):
        name = "mirrorPercentage" if rule.mirror_percentage else "mirrorPercent"
        message = "has no mirror that it could be the share of."
        found.add(codes.NO_EFFECT, f"{path}.{name}", message, "Add mirror, or remove it.")


def _check_share(path: str, share: Percent | None, found: Findings) -> None:
    if share is not None and not 0 <= share.value <= 100:
        found.add(codes.BAD_NUMBER, f"{path}.value", f"{share.value:g} is out of range.", "Use 0 to 100.")
