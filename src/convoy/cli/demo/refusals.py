"""Who may not enter at a gateway's port 15443, and tries: each attempt must end without an answer."""

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.demo.evidence import CheckFailedError
from convoy.cli.demo.mesh import DemoMesh, anonymous_context, client_context
from convoy.cli.pod_traffic import Request, ask_once

LISTED = "outbound_.9080_._.reviews.default.global"
REQUEST = Request("reviews.default.global:9080", "/reviews/0")


async def check_refusals(mesh: DemoMesh) -> str:
    """Plain text, SNIs that are not listed, a foreign root and no certificate: none is answered."""
    own = mesh.own_context()
    foreign = client_context(issue_intermediate(new_root(), "elsewhere"))
    attempts = {"plain text": await ask_once(mesh.dial_gateway, REQUEST)}
    for name, context, sni in (
        ("an SNI nobody lists", own, "outbound_.9080_._.secret.default.global"),
        ("the local form of a name", own, "outbound_.9080_._.reviews.default.svc.cluster.local"),
        ("a foreign certificate", foreign, LISTED),
        ("no certificate", anonymous_context(), LISTED),
    ):
        attempts[name] = await mesh.ask_through_gateway(context, sni, REQUEST)
    entered = [f"{name} was answered {reply.status}" for name, reply in attempts.items() if reply.status]
    if entered:
        raise CheckFailedError("; ".join(entered))
    return f"{len(attempts)} of {len(attempts)} turned away: {', '.join(attempts)}"
