"""The names of events, which tell their order: timestamps of events are whole seconds."""

import secrets
from datetime import datetime

_MOST = 200  # characters of the object's name


def event_name(about: str, moment: datetime) -> str:
    """The name of an event about the object `about`, after those of earlier events about it in any list.

    `kubectl describe` shows events of the same second in that order.
    """
    return f"{about[:_MOST]}.{int(moment.timestamp() * 1e6):x}{secrets.token_hex(2)}"
