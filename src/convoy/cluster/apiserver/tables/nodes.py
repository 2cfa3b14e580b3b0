"""Nodes, and what there is beside them in every cluster: Namespaces, Events, Leases, classes of pods."""

from datetime import datetime

from convoy.cluster.apiserver.tables.ages import since
from convoy.cluster.apiserver.tables.columns import (
    AGE,
    NAME,
    NAME_COLUMN,
    Cell,
    Column,
    Obj,
    Printer,
    at,
    look,
    name_of,
    number,
    printer,
    text,
    truth,
    wide,
)
from convoy.cluster.apiserver.tables.words import NONE
from convoy.cluster.machinery.conditions import condition_in, find_condition

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def _node_word(node: Obj) -> str:
    ready = find_condition(node, "Ready")
    word = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if look(node, "spec", "unschedulable") else word


def _node_roles(node: Obj) -> str:
    labels = node["metadata"].get("labels") or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    return ",".join(sorted((roles | {labels.get(_ROLE_LABEL, "")}) - {""})) or NONE


def _node_address(node: Obj, kind: str) -> str:
    addresses = look(node, "status", "addresses") or ()
    return next((each.get("address", "") for each in addresses if each.get("type") == kind), NONE)


def _node_info(node: Obj, key: str) -> str:
    return look(node, "status", "nodeInfo", key) or "<unknown>"


NODE = printer(
    NAME,
    text("Status", "Whether it takes and runs pods.", _node_word),
    text("Roles", "What its labels say it is for.", _node_roles),
    AGE,
    text("Version", "Version of its kubelet.", at("status", "nodeInfo", "kubeletVersion")),
    wide("Internal-IP", "Its address for the cluster.", lambda o: _node_address(o, "InternalIP")),
    wide("External-IP", "Its address for others.", lambda o: _node_address(o, "ExternalIP")),
    wide("OS-Image", "Its operating system.", lambda o: _node_info(o, "osImage")),
    wide("Kernel-Version", "Version of its kernel.", lambda o: _node_info(o, "kernelVersion")),
    wide(
        "Container-Runtime", "What runs its containers.", lambda o: _node_info(o, "containerRuntimeVersion")
    ),
)

NAMESPACE = printer(
    NAME,
    text("Status", "Active, or Terminating.", at("status", "phase")),
    AGE,
)

_EVENT_COLUMNS = (
    Column("Last Seen", "How long ago it happened last."),
    Column("Type", "Normal, or Warning."),
    Column("Reason", "What happened, in a word."),
    Column("Object", "To whom."),
    Column("Subobject", "To which part of it.", priority=1),
    Column("Source", "Who saw it.", priority=1),
    Column("Message", "What happened, in a sentence."),
    Column("First Seen", "How long ago it happened first.", priority=1),
    Column("Count", "How often it happened.", priority=1),
    Column(NAME_COLUMN.name, NAME_COLUMN.description, format="name", priority=1),
)


def _event_cells(event: Obj, now: datetime) -> list[Cell]:
    series = event.get("series") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or first
    about = event.get("involvedObject") or {}
    kind = about.get("kind", "").lower()
    return [
        since(last, now),
        event.get("type", ""),
        event.get("reason", ""),
        f"{kind}/{about['name']}" if about.get("name") else kind,
        about.get("fieldPath", ""),
        _event_source(event),
        event.get("message", "").strip(),
        since(first, now),
        series.get("count") or event.get("count") or 1,
        name_of(event),
    ]


def _event_source(event: Obj) -> str:
    source = event.get("source") or {}
    who = source.get("component") or event.get("reportingComponent") or ""
    where = source.get("host") or event.get("reportingInstance") or ""
    return f"{who}, {where}" if where else who


EVENT = Printer(_EVENT_COLUMNS, _event_cells)


def _regarding_cells(event: Obj, now: datetime) -> list[Cell]:
    """An events.k8s.io/v1 Event: the same under other names."""
    old = {
        "involvedObject": event.get("regarding"),
        "message": event.get("note", ""),
        "source": event.get("deprecatedSource"),
        "firstTimestamp": event.get("deprecatedFirstTimestamp"),
        "lastTimestamp": event.get("deprecatedLastTimestamp"),
        "count": event.get("deprecatedCount"),
        "reportingComponent": event.get("reportingController"),
    }
    return _event_cells({**event, **old}, now)


NEW_EVENT = Printer(_EVENT_COLUMNS, _regarding_cells)

LEASE = printer(NAME, text("Holder", "Who holds it.", at("spec", "holderIdentity")), AGE)

PRIORITY_CLASS = printer(
    NAME,
    number("Value", "Pods with higher values come first.", at("value", missing=0)),
    truth("Global-Default", "Whether pods without a class have it.", lambda o: o.get("globalDefault", False)),
    AGE,
    text(
        "PreemptionPolicy",
        "Whether its pods drive out others.",
        at("preemptionPolicy", missing="PreemptLowerPriority"),
    ),
)

RUNTIME_CLASS = printer(NAME, text("Handler", "How its pods are run.", at("handler")), AGE)


def _component_cells(obj: Obj, now: datetime) -> list[Cell]:
    healthy = condition_in(obj.get("conditions"), "Healthy")
    if healthy is None:
        return [name_of(obj), "Unknown", "", ""]
    word = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [name_of(obj), word, healthy.get("message", ""), healthy.get("error", "")]


COMPONENT_STATUS = Printer(
    (
        NAME_COLUMN,
        Column("Status", "Healthy or not."),
        Column("Message", "What it says of itself."),
        Column("Error", "What is wrong with it."),
    ),
    _component_cells,
)
