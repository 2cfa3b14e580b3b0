"""Who obeys a VirtualService: the namespaces that it is exported to."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import SUBSETS

pytestmark = TRAFFIC


def rule(export_to: str) -> str:
    return f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: tested, namespace: default}}
spec:
  hosts: [echo.default.svc.cluster.local]
  exportTo: {export_to}
  http: [{{route: [{{destination: {{host: echo, subset: v2}}}}]}}]
"""


@pytest.mark.parametrize(
    ("export_to", "client", "visitor"),
    [
        ('["."]', True, False),
        ("[other]", False, True),
        ('["*"]', True, True),
        ("[other, default]", True, True),
    ],
)
@fields("VirtualService", "exportTo")
async def test_a_rule_holds_where_it_is_exported_to(
    lab: Lab, export_to: str, client: bool, visitor: bool
) -> None:
    async with lab.applied(SUBSETS, rule(export_to)):
        for source, is_bound in (("client", client), ("visitor", visitor)):
            found = await lab.many(source, "http://echo.default:8000/", 60)
            assert (set(found) == {"echo-v2"}) is is_bound, (source, found)
