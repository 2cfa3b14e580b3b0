"""Answers that a rule gives instead of routing: redirects and direct responses."""

import base64
import binascii

from convoy.api import codes
from convoy.api.istio.virtual_service import HttpDirectResponse, HttpMatchRequest, HttpRedirect
from convoy.api.paths import quote
from convoy.api.validation.finding import Findings

_LARGEST_BODY = 1024 * 1024
_LARGE_BODY = 100 * 1024


def check_redirect(
    path: str, redirect: HttpRedirect, matches: list[HttpMatchRequest], found: Findings
) -> None:
    """A redirect, and whether the rule's conditions go with a rewritten prefix."""
    if redirect.uri and redirect.prefix_rewrite:
        message = "uri and prefixRewrite exclude each other."
        found.add(codes.CONFLICT, path, message, "Keep one of them.")
    if redirect.port is not None and redirect.derive_port is not None:
        message = "port and derivePort exclude each other."
        found.add(codes.CONFLICT, path, message, "Keep one of them.")
    is_prefix = all(match.uri is None or match.uri.prefix is not None for match in matches)
    if redirect.prefix_rewrite and not is_prefix:
        message = "replaces the matched prefix, but a condition on the path is no prefix."
        found.add(
            codes.CONFLICT, f"{path}.prefixRewrite", message, "Use uri.prefix in every match, or uri here."
        )
    said = (redirect.uri, redirect.prefix_rewrite, redirect.authority, redirect.scheme)
    if not any(said) and redirect.port is None and redirect.derive_port is None:
        found.add(
            codes.EMPTY, path, "leads to where the request came from.", "Set uri, authority, port or scheme."
        )
    for member, text in (
        ("uri", redirect.uri),
        ("prefixRewrite", redirect.prefix_rewrite),
        ("authority", redirect.authority),
    ):
        found.check_header_text(f"{path}.{member}", text)
    if redirect.scheme not in ("", "http", "https"):
        message = f"{quote(redirect.scheme)} is not a scheme of redirects."
        found.add(codes.UNKNOWN_VALUE, f"{path}.scheme", message, "Use http or https.")


def check_direct_response(path: str, response: HttpDirectResponse, found: Findings) -> None:
    """A fixed answer; its body is sent to every proxy, so it may not be large."""
    body = response.body
    if body.string is not None and body.bytes is not None:
        found.add(codes.CONFLICT, f"{path}.body", "string and bytes exclude each other.", "Keep one of them.")
    size = len(body.string.encode()) if body.string is not None else 0
    if body.bytes is not None:
        try:
            size = len(base64.b64decode(body.bytes, validate=True))
        except (binascii.Error, ValueError):
            found.add(codes.WRONG_TYPE, f"{path}.body.bytes", "is not base64.", "Encode it, or use string.")
    if size > _LARGEST_BODY:
        message = f"has {size} bytes, which every proxy would hold."
        found.add(codes.BAD_NUMBER, f"{path}.body", message, "Use at most 1 MiB, or a service of its own.")
    elif size > _LARGE_BODY:
        message = f"has {size} bytes, which every proxy holds."
        found.add(codes.RISKY, f"{path}.body", message, "Consider a service of its own.")
