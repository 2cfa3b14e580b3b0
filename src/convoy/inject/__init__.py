"""Pod in, patched pod out: what Istio's sidecar injection does to a pod. Pure."""

from convoy.inject.decision import Template, choose_template
from convoy.inject.pods import inject_pod
from convoy.inject.proxy_configs import ProxyConfigs
from convoy.inject.review import Injection, UnreadablePodError, plan_injection
from convoy.inject.settings import InjectionSettings

__all__ = [
    "Injection",
    "InjectionSettings",
    "ProxyConfigs",
    "Template",
    "UnreadablePodError",
    "choose_template",
    "inject_pod",
    "plan_injection",
]
