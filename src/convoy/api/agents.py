"""What the control plane tells an agent of the group that its workload is a member of (JSON)."""

import msgspec

from convoy.api.istio.workload_group import ReadinessProbe


class ProbeAnswer(msgspec.Struct, frozen=True):
    """The probe of the workload's group; None where there is none. `version` changes with it."""

    version: str
    probe: ReadinessProbe | None = None
