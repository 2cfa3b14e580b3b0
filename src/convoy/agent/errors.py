"""What ends or delays the agent.

AgentError
    SettingsError    the environment does not say who this proxy is; nothing can start
    CaptureError     the capture rules could not be set
    ControlPlaneError  the control plane did not answer, or answered nonsense; tried again
        RefusedError   it answered with a refusal; tried again more slowly
"""


class AgentError(Exception):
    """Any failure of the agent; its text is one sentence for people."""


class SettingsError(AgentError):
    """The environment lacks something or contradicts itself."""


class CaptureError(AgentError):
    """The capture rules could not be set."""


class ControlPlaneError(AgentError):
    """A request to the control plane failed."""


class RefusedError(ControlPlaneError):
    """The control plane refused a request."""
