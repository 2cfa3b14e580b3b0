"""Who may do what: role bindings, service accounts, certificate requests, webhooks."""

from datetime import timedelta

from convoy.cluster.apiserver.tables.ages import human_duration
from convoy.cluster.apiserver.tables.columns import AGE, NAME, Obj, at, look, number, printer, text, wide
from convoy.cluster.apiserver.tables.words import NONE
from convoy.cluster.machinery.conditions import condition_in


def _role(binding: Obj) -> str:
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _subjects(binding: Obj, kind: str) -> str:
    return ", ".join(_subject(each) for each in binding.get("subjects") or () if each.get("kind") == kind)


def _subject(subject: Obj) -> str:
    name: str = subject.get("name", "")
    return f"{subject['namespace']}/{name}" if subject.get("namespace") else name


ROLE_BINDING = printer(
    NAME,
    text("Role", "What it allows.", _role),
    AGE,
    wide("Users", "Users whom it allows it.", lambda o: _subjects(o, "User")),
    wide("Groups", "Groups whom it allows it.", lambda o: _subjects(o, "Group")),
    wide("ServiceAccounts", "Service accounts whom it allows it.", lambda o: _subjects(o, "ServiceAccount")),
)

SERVICE_ACCOUNT = printer(
    NAME, text("Secrets", "Secrets that its pods may use.", lambda o: len(o.get("secrets") or ())), AGE
)


def _signing_word(request: Obj) -> str:
    conditions = look(request, "status", "conditions")
    word = "Denied" if condition_in(conditions, "Denied") else None
    word = word or ("Approved" if condition_in(conditions, "Approved") else "Pending")
    word += ",Failed" if condition_in(conditions, "Failed") else ""
    return word + (",Issued" if look(request, "status", "certificate") else "")


def _signing_duration(request: Obj) -> str:
    seconds = look(request, "spec", "expirationSeconds")
    return NONE if seconds is None else human_duration(timedelta(seconds=seconds))


SIGNING_REQUEST = printer(
    NAME,
    AGE,
    text("SignerName", "Who is to sign.", at("spec", "signerName", missing=NONE)),
    text("Requestor", "Who asks for it.", at("spec", "username")),
    text("RequestedDuration", "For how long the certificate shall be valid.", _signing_duration),
    text("Condition", "How far it has come.", _signing_word),
)

WEBHOOKS = printer(
    NAME, number("Webhooks", "How many webhooks it declares.", lambda o: len(o.get("webhooks") or ())), AGE
)
