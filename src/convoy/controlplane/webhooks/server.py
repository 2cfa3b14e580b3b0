"""The HTTPS shell around what judges writes: one route per judge, an AdmissionReview in and out."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from convoy.controlplane.webhooks.reviews import (
    AdmissionRequest,
    ReviewError,
    Verdict,
    decode_review,
    encode_verdict,
)
from convoy.kit.logs import get_logger

WEBHOOK_PORT = 15017
_LARGEST_BODY = 8 * 1024 * 1024  # etcd keeps no object above 1.5 MiB; an update's review has two of them

log = get_logger("controlplane.webhooks")

Judge = Callable[[AdmissionRequest], Awaitable[Verdict]]
"""Answers one request. It may raise: then the API server is told 500 and does what `failurePolicy` says."""


def webhooks_app(judges: Mapping[str, Judge]) -> web.Application:
    """An aiohttp application with a POST route for each path, such as `/validate` and `/inject`.

    What stands behind the path (`/inject/cluster/...`) and in the query is ignored, as Istio does.
    """
    app = web.Application(client_max_size=_LARGEST_BODY)
    for path, judge in judges.items():
        handler = _handler(judge)
        app.router.add_post(path, handler)
        app.router.add_post(path + "/{rest:.*}", handler)
    return app


def _handler(judge: Judge) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(http: web.Request) -> web.Response:
        try:
            request = decode_review(await http.read())
        except ReviewError as error:
            return web.Response(status=400, text=f"{error}\n")
        verdict = await judge(request)
        if not verdict.allowed:
            log.info(
                "write refused",
                path=http.path,
                operation=request.operation,
                kind=request.kind.kind,
                namespace=request.namespace,
                name=request.name,
            )
        return web.Response(body=encode_verdict(request.uid, verdict), content_type="application/json")

    return answer
