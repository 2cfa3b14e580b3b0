"""From a container's spec to the plan of its process."""

from collections.abc import Mapping

from convoy.api.kube.core import Container
from convoy.cluster.images import build_command, default_path, find_entry
from convoy.cluster.kubelet.contexts import PodContext
from convoy.cluster.kubelet.environment import build_environment, expand_all
from convoy.cluster.kubelet.names import host_name
from convoy.cluster.kubelet.users import RunAs, choose_user, find_program
from convoy.cluster.kubelet.volumes import plan_mounts
from convoy.cluster.linux.capabilities import NUMBERS, capability_name
from convoy.cluster.sandbox.plan import ProcessPlan

_TERMINATION_PATH = "/dev/termination-log"


def build_plan(context: PodContext, container: Container) -> ProcessPlan:
    """What to start; raises UnknownImageError, MissingReferenceError and UserError."""
    command = build_command(container, context.image_table())
    base = {"PATH": default_path(), "HOME": "/tmp", "LANG": "C.UTF-8", **command.env}
    if container.tty:
        base["TERM"] = "xterm"
    base["HOSTNAME"] = host_name(context.pod)
    env = build_environment(
        container,
        context.pod,
        context.objects,
        base={**base, **context.base_variables()},
        allocatable=context.allocatable,
    )
    plan: ProcessPlan = {
        "argv": expand_all(command.argv, env),
        "env": env,
        "cwd": command.cwd,
        "mounts": plan_mounts(container, context.pod, env),
        "capabilities": _capabilities(container),
    }
    return _with_own_root(context, container, plan) if context.habits.own_roots else plan


def _capabilities(container: Container) -> list[str]:
    names = (capability_name(name) for name in container.security_context.capabilities.add)
    return [name for name in names if name in NUMBERS]


def _with_own_root(context: PodContext, container: Container, plan: ProcessPlan) -> ProcessPlan:
    run_as = run_as_of(context, container, plan)
    if run_as.warning:
        context.record("Warning", "Unsupported", f"Left out: {run_as.warning}", container.name)
    plan["root"] = {
        "kept": list(context.habits.kept),
        "termination": f"termination/{container.name}",
        "termination_path": container.termination_message_path or _TERMINATION_PATH,
        "read_only": bool(container.security_context.read_only_root_filesystem),
    }
    plan["tty"] = container.tty
    if run_as.user is not None:
        plan["user"] = run_as.user
    if run_as.groups:
        plan["groups"] = list(run_as.groups)
    return plan


def run_as_of(context: PodContext, container: Container, plan: ProcessPlan) -> RunAs:
    """As whom a container runs, by its security context and what its program is."""
    mounted = [mount["path"] for mount in plan["mounts"]]
    entry = find_entry(container.image, context.image_table())
    path = plan["env"].get("PATH", default_path())
    reads = [*(entry.keep if entry else ()), find_program(plan["argv"][0], path)]
    outside = [each for each in reads if each and not _is_below(each, mounted)]
    return choose_user(container, context.pod, can_change=context.habits.can_change_user, reads=outside)


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def beside(plan: ProcessPlan, argv: list[str], *, running: str, tty: bool) -> ProcessPlan:
    """The plan of a command that sees what the container named `running` sees.

    In a root of its own it has the container's capabilities, as on Kubernetes: with fewer, other containers
    of the pod, which see its processes, could look through it at files that are not theirs.
    """
    more: Mapping[str, str] = {"TERM": "xterm"} if tty else {}
    made: ProcessPlan = {**plan, "argv": argv, "env": {**plan["env"], **more}, "tty": tty}
    if "root" not in made:
        made["capabilities"] = []
    else:
        del made["root"]
        made["mounts"] = []
        made["join"] = running
    return made
