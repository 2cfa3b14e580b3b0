"""Several admissions as one: each is asked in turn."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from convoy.cluster.machinery.admission import Admission, AdmissionRequest


class AdmissionChain:
    """An Admission; what one changes the next one sees, and the first that refuses ends it."""

    def __init__(self, parts: Sequence[Admission]) -> None:
        self._parts = tuple(parts)

    async def mutate(self, request: AdmissionRequest) -> dict[str, Any]:
        """As Admission has it."""
        assert request.object is not None
        obj = request.object
        for part in self._parts:
            obj = await part.mutate(dataclasses.replace(request, object=obj))
        return obj

    async def validate(self, request: AdmissionRequest) -> None:
        """As Admission has it."""
        for part in self._parts:
            await part.validate(request)
