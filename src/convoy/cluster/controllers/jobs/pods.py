"""The pods of a Job: named by their index where they have one, which their containers can read. Pure."""

from convoy.cluster.controllers.jobs.indexes import INDEX
from convoy.cluster.controllers.jobs.tally import FINALIZER
from convoy.cluster.controllers.objects import Json, name_of, spec_of
from convoy.cluster.controllers.pods import pod_of_template, random_suffix

_ENVIRONMENT = "JOB_COMPLETION_INDEX"


def build_job_pod(job: Json, index: int | None) -> Json:
    """A pod of the Job's template, with the finalizer that keeps it until it is counted."""
    template = spec_of(job)["template"]
    if index is None:
        pod = pod_of_template(job, template)
    else:
        name = f"{name_of(job)[:240]}-{index}-{random_suffix()}"
        pod = pod_of_template(job, template, name=name, labels={INDEX: str(index)})
        _number(pod, name_of(job), index)
    finalizers = [each for each in pod["metadata"].get("finalizers") or () if each != FINALIZER]
    pod["metadata"]["finalizers"] = [*finalizers, FINALIZER]
    return pod


def _number(pod: Json, job: str, index: int) -> None:
    """Tell the pod its index: by annotation, hostname and environment."""
    pod["metadata"]["annotations"] = {**(pod["metadata"].get("annotations") or {}), INDEX: str(index)}
    spec = pod["spec"]
    spec["hostname"] = f"{job[:52]}-{index}"
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            env = container.get("env") or []
            if all(each.get("name") != _ENVIRONMENT for each in env):
                container["env"] = [*env, {"name": _ENVIRONMENT, "valueFrom": source}]
