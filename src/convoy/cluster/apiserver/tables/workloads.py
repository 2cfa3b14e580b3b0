"""What makes pods: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and the like."""

from datetime import datetime

from convoy.cluster.apiserver.tables.ages import human_duration, since
from convoy.cluster.apiserver.tables.columns import (
    AGE,
    NAME,
    Column,
    Obj,
    Value,
    at,
    look,
    number,
    printer,
    text,
    wide,
)
from convoy.cluster.apiserver.tables.words import (
    NONE,
    container_columns,
    labels,
    or_none,
    truth_word,
)
from convoy.cluster.machinery.conditions import is_true
from convoy.cluster.store.selectors import label_selector_text
from convoy.kit.times import parse_time

_CONTAINERS = container_columns("spec", "template")
_WHICH = "Which pods belong to it."


def _spec(obj: Obj, key: str) -> int:
    return look(obj, "spec", key) or 0


def _status(obj: Obj, key: str) -> int:
    return look(obj, "status", key) or 0


def _selector(obj: Obj) -> str:
    return label_selector_text(look(obj, "spec", "selector"))


def _ready(obj: Obj) -> str:
    return f"{_status(obj, 'readyReplicas')}/{_spec(obj, 'replicas')}"


_SELECTOR = wide("Selector", _WHICH, lambda obj: or_none(_selector(obj)))

DEPLOYMENT = printer(
    NAME,
    text("Ready", "Pods that are ready, of those wanted.", _ready),
    text("Up-to-date", "Pods made from the present template.", at("status", "updatedReplicas", missing=0)),
    text(
        "Available",
        "Pods that have been ready for long enough.",
        at("status", "availableReplicas", missing=0),
    ),
    AGE,
    *_CONTAINERS,
    wide("Selector", _WHICH, _selector),
)

_REPLICAS = (
    number("Desired", "Pods that are wanted.", at("spec", "replicas", missing=0)),
    number("Current", "Pods that there are.", at("status", "replicas", missing=0)),
    number("Ready", "Pods that are ready.", at("status", "readyReplicas", missing=0)),
)
REPLICA_SET = printer(NAME, *_REPLICAS, AGE, *_CONTAINERS, _SELECTOR)
REPLICATION_CONTROLLER = printer(
    NAME,
    *_REPLICAS,
    AGE,
    *_CONTAINERS,
    wide("Selector", _WHICH, lambda o: labels(look(o, "spec", "selector"))),
)

STATEFUL_SET = printer(
    NAME, text("Ready", "Pods that are ready, of those wanted.", _ready), AGE, *_CONTAINERS
)

DAEMON_SET = printer(
    NAME,
    number("Desired", "Nodes that should run a pod.", at("status", "desiredNumberScheduled", missing=0)),
    number("Current", "Nodes that should and do.", at("status", "currentNumberScheduled", missing=0)),
    number("Ready", "Nodes whose pod is ready.", at("status", "numberReady", missing=0)),
    number(
        "Up-to-date", "Nodes whose pod is of the template.", at("status", "updatedNumberScheduled", missing=0)
    ),
    number(
        "Available", "Nodes whose pod has been ready long enough.", at("status", "numberAvailable", missing=0)
    ),
    text(
        "Node Selector",
        "Labels of the nodes that are meant.",
        lambda o: labels(look(o, "spec", "template", "spec", "nodeSelector")),
    ),
    AGE,
    *_CONTAINERS,
    _SELECTOR,
)


def _completions(job: Obj) -> str:
    succeeded, wanted = _status(job, "succeeded"), look(job, "spec", "completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = _spec(job, "parallelism")
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(job: Obj, now: datetime) -> str:
    started = parse_time(look(job, "status", "startTime"))
    if started is None:
        return ""
    return human_duration((parse_time(look(job, "status", "completionTime")) or now) - started)


def _job_word(job: Obj) -> str:
    for kind, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if is_true(job, kind):
            return word
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next(
        (word for word in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if is_true(job, word)),
        "Running",
    )


_DURATION: tuple[Column, Value] = (Column("Duration", "How long it took, or has taken so far."), _duration)
JOB = printer(
    NAME,
    text("Status", "The state of the job in a word.", _job_word),
    text("Completions", "Pods that succeeded, of those that must.", _completions),
    _DURATION,
    AGE,
    *_CONTAINERS,
    _SELECTOR,
)


def _last_schedule(job: Obj, now: datetime) -> str:
    last = look(job, "status", "lastScheduleTime")
    return since(last, now) if last else NONE


_LAST_SCHEDULE: tuple[Column, Value] = (
    Column("Last Schedule", "How long ago a job was started."),
    _last_schedule,
)
CRON_JOB = printer(
    NAME,
    text("Schedule", "When jobs are started, as cron writes it.", at("spec", "schedule")),
    text("Timezone", "Whose clock the schedule means.", at("spec", "timeZone", missing=NONE)),
    (
        Column("Suspend", "Whether no more jobs are started.", type="boolean"),
        lambda o, now: truth_word(look(o, "spec", "suspend")),
    ),
    number("Active", "Jobs that are running.", lambda o: len(look(o, "status", "active") or ())),
    _LAST_SCHEDULE,
    AGE,
    *container_columns("spec", "jobTemplate", "spec", "template"),
    wide(
        "Selector",
        _WHICH,
        lambda o: or_none(label_selector_text(look(o, "spec", "jobTemplate", "spec", "selector"))),
    ),
)

POD_TEMPLATE = printer(
    NAME,
    *container_columns("template", priority=0),
    text(
        "Pod Labels",
        "Labels of pods made from it.",
        lambda o: labels(look(o, "template", "metadata", "labels")),
    ),
)


def _controller(revision: Obj) -> str:
    """`daemonset.apps/web`, the owner that made the revision."""
    for owner in revision["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = owner.get("apiVersion", "").rpartition("/")[0]
            kind = owner.get("kind", "").lower()
            return f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return NONE


CONTROLLER_REVISION = printer(
    NAME,
    text("Controller", "Whose revision it is.", _controller),
    text("Revision", "Its number.", at("revision", missing=0)),
    AGE,
)
