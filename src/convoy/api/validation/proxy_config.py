"""ProxyConfig: which proxies it is for. Its numbers are in `limits`."""

from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.validation.finding import Findings
from convoy.api.validation.selectors import check_selector


def validate_proxy_config(config: ProxyConfig, found: Findings) -> None:
    """Every rule of the kind."""
    check_selector("spec.selector", config.spec.selector, found)
