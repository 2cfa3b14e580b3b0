"""A CustomResourceDefinition's own rules: group, names, versions, columns, subresources, conversion.

As a definition that has been defaulted (singular, listKind, conversion); what `status` says is not looked at,
the controller of definitions writes it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.crds.schemas import has_defaults, validate_version_schema
from convoy.cluster.schema.crds.versions import validate_columns, validate_selectable, validate_subresources
from convoy.cluster.schema.embedded import label_faults

Definition = Mapping[str, Any]

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_PROTECTED: Final = re.compile(r"(^|\.)(k8s\.io|kubernetes\.io)$")
_NOT_PRESERVED: Final = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
)
_APPROVAL: Final = "api-approved.kubernetes.io"
_NEEDS_APPROVAL: Final = f'protected groups must have approval annotation "{_APPROVAL}"'
_APPROVALS: Final = "https://github.com/kubernetes/enhancements/pull/1111"
_GO_VERSION: Final = "apiextensions.CustomResourceDefinitionVersion"
_IMMUTABLE: Final = "field is immutable"


def validate_crd(crd: Definition, old: Definition | None = None) -> list[Cause]:
    """Everything that is wrong with a definition; `old` is the stored one on update."""
    spec = crd.get("spec") or {}
    causes = [] if old is not None else _validate_name(crd)
    causes += _validate_spec(spec, (old or {}).get("spec") or {})
    causes += _validate_approval(crd)
    if old is not None:
        causes += _validate_change(spec, old)
    return causes


def _validate_name(crd: Definition) -> list[Cause]:
    spec = crd.get("spec") or {}
    name = crd.get("metadata", {}).get("name", "")
    wanted = f"{_names(spec).get('plural', '')}.{spec.get('group', '')}"
    if name == wanted:
        return []
    return [wording.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]


def _names(spec: Definition) -> Mapping[str, Any]:
    return spec.get("names") or {}


def _validate_spec(spec: Definition, old: Definition) -> list[Cause]:
    versions = spec.get("versions") or []
    causes = [*_validate_group(spec.get("group") or ""), *_validate_scope(spec.get("scope") or "")]
    keeps_unknown = bool(spec.get("preserveUnknownFields"))
    if keeps_unknown:
        causes.append(wording.invalid("spec.preserveUnknownFields", True, _NOT_PRESERVED))
        if any(has_defaults(_schema(version)) for version in versions):
            why = "must be false in order to use defaults in the schema"
            causes.append(wording.invalid("spec.preserveUnknownFields", True, why))
    for index, version in enumerate(versions):
        if not _schema(version):
            path = f"spec.versions[{index}].schema.openAPIV3Schema"
            causes.append(wording.required(path, "schemas are required"))
    # A schema that is in the stored definition, or in a version before, was checked there.
    sound = [*map(_checked_part, old.get("versions") or ())]
    for index, version in enumerate(versions):
        part = _checked_part(version)
        found = [*_validate_version(version, f"spec.versions[{index}]", checks_schema=part not in sound)]
        causes += found
        if not found:
            sound.append(part)
    if len({version.get("name") for version in versions}) != len(versions):
        causes.append(_about_versions(versions, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        causes.append(_about_versions(versions, "must have exactly one version marked as storage version"))
    causes += _validate_names(_names(spec), "spec.names")
    return [*causes, *_validate_conversion(spec.get("conversion"))]


def _about_versions(versions: Sequence[Definition], why: str) -> Cause:
    # The real server prints whole Go structs here; their first fields are enough.
    listed = ", ".join(
        f"{_GO_VERSION}{{Name:{wording.quoted(version.get('name') or '')}, "
        f"Served:{wording.printed(bool(version.get('served')))}, "
        f"Storage:{wording.printed(bool(version.get('storage')))}}}"
        for version in versions
    )
    return Cause("FieldValueInvalid", f"Invalid value: []{_GO_VERSION}{{{listed}}}: {why}", "spec.versions")


def _schema(version: Definition) -> Mapping[str, Any]:
    return (version.get("schema") or {}).get("openAPIV3Schema") or {}


def _validate_group(group: str) -> list[Cause]:
    if not group:
        return [wording.required("spec.group")]
    if len(group) > 253 or _SUBDOMAIN.fullmatch(group) is None:
        faults = ["must be no more than 253 bytes"] if len(group) > 253 else []
        faults += [] if _SUBDOMAIN.fullmatch(group) else [_SUBDOMAIN_RULE]
        return [wording.invalid("spec.group", group, ",".join(faults))]
    if "." not in group:
        return [wording.invalid("spec.group", group, "should be a domain with at least one dot")]
    return []


def _validate_scope(scope: str) -> list[Cause]:
    if not scope:
        return [wording.required("spec.scope")]
    if scope not in ("Cluster", "Namespaced"):
        return [wording.not_supported("spec.scope", scope, ["Cluster", "Namespaced"])]
    return []


def _checked_part(version: Definition) -> tuple[Mapping[str, Any], bool]:
    """What the check of a version's schema depends on."""
    return _schema(version), "status" in (version.get("subresources") or {})


def _validate_version(version: Definition, path: str, *, checks_schema: bool) -> Iterator[Cause]:
    name = version.get("name") or ""
    if faults := label_faults(name):
        yield wording.invalid(f"{path}.name", name, ",".join(faults))
    warning = version.get("deprecationWarning")
    if warning is not None:
        for why in _warning_faults(warning, is_deprecated=bool(version.get("deprecated"))):
            yield wording.invalid(f"{path}.deprecationWarning", warning, why)
    schema, has_status = _checked_part(version)
    if schema and checks_schema:
        yield from validate_version_schema(schema, f"{path}.schema.openAPIV3Schema", has_status=has_status)
    yield from validate_subresources(version.get("subresources") or {}, f"{path}.subresources")
    columns = version.get("additionalPrinterColumns") or []
    yield from validate_columns(columns, f"{path}.additionalPrinterColumns")
    if selectable := version.get("selectableFields"):
        yield from validate_selectable(selectable, schema, f"{path}.selectableFields")


def _warning_faults(warning: str, *, is_deprecated: bool) -> list[str]:
    if not is_deprecated:
        return ["can only be set for deprecated versions"]
    faults = ["must be <= 256 characters long"] if len(warning.encode()) > 256 else []
    if not warning:
        faults.append("must not be an empty string")
    hidden = next((index for index, each in enumerate(warning) if not each.isprintable()), None)
    if hidden is not None:
        words = "must only contain printable UTF-8 characters; non-printable character found at index"
        faults.append(f"{words} {hidden}")
    return faults


def _validate_names(names: Mapping[str, Any], path: str) -> list[Cause]:
    causes = [
        wording.required(f"{path}.{name}")
        for name in ("plural", "singular", "kind", "listKind")
        if not names.get(name) and (name in ("plural", "kind") or name in names)
    ]
    for name in ("plural", "singular"):
        if names.get(name) and (faults := label_faults(names[name])):
            causes.append(wording.invalid(f"{path}.{name}", names[name], ",".join(faults)))
    for name in ("kind", "listKind"):
        if names.get(name) and (faults := label_faults(names[name].lower())):
            why = "may have mixed case, but should otherwise match: " + ",".join(faults)
            causes.append(wording.invalid(f"{path}.{name}", names[name], why))
    for name in ("shortNames", "categories"):
        for index, each in enumerate(names.get(name) or ()):
            if faults := label_faults(each):
                causes.append(wording.invalid(f"{path}.{name}[{index}]", each, ",".join(faults)))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        why = "kind and listKind may not be the same"
        causes.append(wording.invalid(f"{path}.listKind", names["listKind"], why))
    return causes


def _validate_conversion(conversion: Mapping[str, Any] | None) -> list[Cause]:
    if conversion is None:
        return []
    strategy = conversion.get("strategy") or ""
    webhook = conversion.get("webhook")
    if strategy == "None":
        if webhook is None:
            return []
        why = "should not be set when strategy is not set to Webhook"
        return [wording.forbidden("spec.conversion.webhook", why)]
    if strategy != "Webhook":
        return [wording.not_supported("spec.conversion.strategy", strategy, ["None", "Webhook"])]
    client = (webhook or {}).get("clientConfig")
    if client is None:
        why = "required when strategy is set to Webhook"
        return [wording.required("spec.conversion.webhookClientConfig", why)]
    if ("url" in client) == ("service" in client):
        why = "exactly one of url or service is required"
        return [wording.required("spec.conversion.webhookClientConfig", why)]
    reviews = (webhook or {}).get("conversionReviewVersions") or []
    if not reviews:
        return [wording.required("spec.conversion.conversionReviewVersions")]
    if not {"v1", "v1beta1"} & set(reviews):
        why = "must include at least one of v1, v1beta1"
        return [wording.invalid("spec.conversion.conversionReviewVersions", reviews, why)]
    return []


def _validate_approval(crd: Definition) -> list[Cause]:
    """Groups of Kubernetes' own need a link to who approved them, or the word that nobody did."""
    group = (crd.get("spec") or {}).get("group") or ""
    if _PROTECTED.search(group) is None:
        return []
    annotations = crd.get("metadata", {}).get("annotations") or {}
    approval = annotations.get(_APPROVAL)
    path = f"metadata.annotations[{_APPROVAL}]"
    if approval is None:
        return [wording.required(path, f"{_NEEDS_APPROVAL}, see {_APPROVALS}")]
    if approval.startswith("unapproved") or re.match(r"https?://[^/]+", approval):
        return []
    why = f'{_NEEDS_APPROVAL} with either a URL or a reason starting with "unapproved", see {_APPROVALS}'
    return [wording.invalid(path, approval, why)]


def _validate_change(spec: Definition, old: Definition) -> list[Cause]:
    """What may not change: the group and plural ever, scope and kind once objects may exist."""
    before = old.get("spec") or {}
    pairs = [
        ("spec.group", spec.get("group"), before.get("group")),
        ("spec.names.plural", _names(spec).get("plural"), _names(before).get("plural")),
    ]
    conditions = (old.get("status") or {}).get("conditions") or ()
    if any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions):
        pairs[:0] = [
            ("spec.scope", spec.get("scope"), before.get("scope")),
            ("spec.names.kind", _names(spec).get("kind"), _names(before).get("kind")),
        ]
    return [wording.invalid(path, new, _IMMUTABLE) for path, new, was in pairs if new != was]
