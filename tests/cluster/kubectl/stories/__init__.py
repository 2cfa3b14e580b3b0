"""All commands, by what they are about."""

from tests.cluster.kubectl.stories.custom import CUSTOM, ISTIO
from tests.cluster.kubectl.stories.discovery import AUTH, DISCOVERY, EXPLAIN
from tests.cluster.kubectl.stories.pods import POD
from tests.cluster.kubectl.stories.settings import APPLIED, LITERAL, SETTINGS
from tests.cluster.kubectl.stories.surroundings import EXTENSIONS, INGRESS, NAMESPACE, READS
from tests.cluster.kubectl.stories.workloads import NX, WEB

STORIES = (
    DISCOVERY,
    EXPLAIN,
    AUTH,
    NAMESPACE,
    WEB,
    NX,
    POD,
    SETTINGS,
    LITERAL,
    APPLIED,
    EXTENSIONS,
    ISTIO,
    INGRESS,
    CUSTOM,
    READS,
)
