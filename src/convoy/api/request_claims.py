"""Claims of a request's token, written in the place of a header's name: `@request.auth.claims.group.id`.

The path to a nested claim is written with dots, or with brackets where names contain dots themselves:
`@request.auth.claims[group][example.com/id]`. The first part may be in upper case, as headers may.
"""

_PREFIX = "@request.auth.claims"


def claim_path(name: str) -> tuple[str, ...] | None:
    """The names of the claims from the outermost to the one that is meant; None when it is a header's name.

    A name is empty where the text says none, as in `@request.auth.claims.`.
    """
    if not name.lower().startswith(_PREFIX):
        return None
    rest = name[len(_PREFIX) :]
    if rest.startswith("."):
        return tuple(rest[1:].split("."))
    if rest.startswith("[") and rest.endswith("]"):
        return tuple(rest[1:-1].split("]["))
    return None
