"""The query parameters that operations take.

https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query, or in the path."""

    name: str
    type: str
    description: str
    place: str = "query"

    @property
    def is_required(self) -> bool:
        """A path has all of its parts."""
        return self.place == "path"


NAME = Parameter("name", "string", "Name of the object.", "path")
NAMESPACE = Parameter("namespace", "string", "Namespace of the object.", "path")

_DRY_RUN = Parameter("dryRun", "string", "All: go through every stage, and keep nothing.")
_MANAGER = Parameter("fieldManager", "string", "Who makes the change, as in managedFields.")
_VALIDATION = Parameter("fieldValidation", "string", "What unknown fields are: Ignore, Warn or Strict.")
_FORCE = Parameter("force", "boolean", "For apply patches: take fields over from other managers.")
WRITE = (_DRY_RUN, _MANAGER, _VALIDATION)
PATCH = (*WRITE, _FORCE)

DELETE = (
    _DRY_RUN,
    Parameter("gracePeriodSeconds", "integer", "Seconds until the object is removed; 0 is at once."),
    Parameter("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
)

_SELECTORS = (
    Parameter("labelSelector", "string", "Only objects with such labels."),
    Parameter("fieldSelector", "string", "Only objects with such fields."),
)
_LISTED = (
    *_SELECTORS,
    Parameter("limit", "integer", "The most objects in one answer."),
    Parameter("continue", "string", "Go on where an earlier answer ended."),
    Parameter("resourceVersion", "string", "The state to list, or to watch from."),
    Parameter("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
    Parameter("timeoutSeconds", "integer", "The longest that the call may last."),
)
LIST = (
    *_LISTED,
    Parameter("watch", "boolean", "Answer with a stream of changes."),
    Parameter("allowWatchBookmarks", "boolean", "Send bookmarks in the stream."),
    Parameter("sendInitialEvents", "boolean", "Begin the stream with what there is."),
)
DELETE_COLLECTION = (*DELETE, *_LISTED)

_CONTAINER = Parameter("container", "string", "The container, where the pod has several.")
_STREAMS = (
    Parameter("stdin", "boolean", "Send input."),
    Parameter("stdout", "boolean", "Receive output."),
    Parameter("stderr", "boolean", "Receive errors."),
    Parameter("tty", "boolean", "Use a terminal."),
)
STREAMS = {
    "attach": (_CONTAINER, *_STREAMS),
    "exec": (
        Parameter("command", "string", "The command and, repeated, its arguments."),
        _CONTAINER,
        *_STREAMS,
    ),
    "portforward": (Parameter("ports", "integer", "Ports to connect to."),),
}
LOG = (
    _CONTAINER,
    Parameter("follow", "boolean", "Go on with what comes."),
    Parameter("previous", "boolean", "The log of the run before."),
    Parameter("sinceSeconds", "integer", "Only lines that are not older."),
    Parameter("sinceTime", "string", "Only lines from this time on."),
    Parameter("timestamps", "boolean", "Begin each line with its time."),
    Parameter("tailLines", "integer", "Only so many lines from the end."),
    Parameter("limitBytes", "integer", "The most bytes."),
)
