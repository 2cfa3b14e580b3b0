"""Commands beyond those that were recorded: the other `create`s, ownership of names, access, nodes, jobs.

Enough to be run with the oldest and the newest kubectl only.
"""

import hashlib

from tests.cluster.kubectl import manifests
from tests.cluster.kubectl.commands import run_kubectl
from tests.cluster.kubectl.scenes import Scene
from tests.cluster.kubectl.steps import Outcome, Step, Story

C = "--context=cluster1"
BIG = "".join(f"{number}: what a program says when it says much\n" for number in range(9000))
AS = "--as=system:serviceaccount:$ns:default"


def made(kind: str, name: str, arguments: str, *, since: int = 0) -> Step:
    """A `create` that says what it created."""
    return Step(
        f"create-{name}",
        f"{C} create {arguments}",
        matches=(rf"^{kind}/\S+ created",),
        since=since,
        reads=True,
    )


async def counted_alike(scene: Scene, outcome: Outcome) -> None:
    """All that was put in has arrived."""
    assert outcome.stdout.split()[0] == hashlib.md5(BIG.encode()).hexdigest(), outcome


async def came_whole(scene: Scene, outcome: Outcome) -> None:
    """All that a command wrote has come."""
    assert outcome.stdout.split() == [str(number) for number in range(1, 60001)]


async def is_schedulable(scene: Scene, outcome: Outcome) -> None:
    """The node has nothing left of it."""
    shown = await run_kubectl(scene, f"get node {scene.names['node']} -o jsonpath={{.spec}}")
    assert "unschedulable" not in shown.stdout, shown


CREATES = Story(
    "creates",
    (
        made(
            "clusterrole.rbac.authorization.k8s.io",
            "clusterrole",
            "clusterrole $role --verb=get --resource=pods",
        ),
        made(
            "clusterrolebinding.rbac.authorization.k8s.io",
            "clusterrolebinding",
            "clusterrolebinding $role --clusterrole=$role --user=bob",
        ),
        made(
            "cronjob.batch",
            "cronjob",
            "cronjob cj --image=busybox --schedule='*/5 * * * *' -- date",
            since=21,
        ),
        made("ingress.networking.k8s.io", "ingress", "ingress ing --rule=foo.com/bar=svc:80"),
        made("poddisruptionbudget.policy", "pdb", "pdb budget --selector=app=x --min-available=1", since=21),
        made("priorityclass.scheduling.k8s.io", "priorityclass", "priorityclass $role --value=10"),
        made("resourcequota", "quota", "quota q --hard=pods=90,configmaps=30"),
        made("secret", "secret", "secret generic generic --from-literal=a=b --from-literal=none="),
        made("secret", "docker", "secret docker-registry hub --docker-username=u --docker-password=p"),
        made("service", "clusterip", "service clusterip internal --tcp=80:80"),
        made("service", "nodeport", "service nodeport external --tcp=80:80"),
        made("service", "externalname", "service externalname elsewhere --external-name=example.com"),
        made("serviceaccount", "serviceaccount", "serviceaccount keeper"),
        Step(
            "create-token", f"{C} create token default", matches=(r"\A[\w-]+\.[\w-]+\.[\w-]+\n?\Z",), since=24
        ),
    ),
)

JOBS = Story(
    "jobs",
    (
        made("job.batch", "job", "job $lit --image=busybox -- sh -c 'echo finished'"),
        Step(
            "wait-complete",
            f"{C} wait --for=condition=complete job/$lit --timeout=20s",
            says=("job.batch/$lit condition met",),
        ),
        Step("logs-job", f"{C} logs job/$lit", says=("finished",), reads=True),
        Step("get-job", f"{C} get job $lit", matches=(r"^$lit (Complete )?1/1 \d+[sm]",), reads=True),
        Step(
            "run-rm",
            f"{C} run $spare --image=busybox --restart=Never --rm -i"
            " --command -- sh -c 'sleep 1; cat; exit 3'",
            stdin="what was put in\n",
            code=3,
            says=("what was put in", 'pod "$spare" deleted'),
            reads=True,
        ),
        Step("delete-job", f"{C} delete job $lit", says=('job.batch "$lit" deleted',)),
    ),
)

DEPLOYED = Story(
    "deployed",
    (
        Step("create-nx", f"{C} create deployment $nx --image=nginx", says=("deployment.apps/$nx created",)),
        Step(
            "autoscale",
            f"{C} autoscale deployment $nx --max=3 --cpu-percent=80",
            says=("autoscaled",),
            reads=True,
        ),
        Step(
            "get-scale", f"{C} get deploy $nx --subresource=scale", matches=(r"^$nx 1 \d \d+[sm]",), since=24
        ),
        Step("set-env", f"{C} set env deploy/$nx A=B", says=("deployment.apps/$nx env updated",)),
        Step(
            "set-resources",
            f"{C} set resources deploy/$nx --limits=cpu=200m,memory=64Mi",
            says=("deployment.apps/$nx resource requirements updated",),
        ),
        Step(
            "history-2",
            f"{C} rollout history deploy/$nx --revision=2",
            says=("deployment.apps/$nx with revision #2", "A: B"),
            eventually=True,
            reads=True,
        ),
        Step(
            "undo-to",
            f"{C} rollout undo deploy/$nx --to-revision=1",
            says=("deployment.apps/$nx rolled back",),
        ),
        Step(
            "no-env",
            f"{C} get deploy $nx -o jsonpath={{.spec.template.spec.containers[0].env}}",
            matches=(r"\A\Z",),
            reads=True,
        ),
        Step("label-new", f"{C} label deploy $nx x=y", says=("deployment.apps/$nx labeled",)),
        Step(
            "label-taken",
            f"{C} label deploy $nx x=z",
            code=1,
            complains=("'x' already has a value (y), and --overwrite is false",),
            reads=True,
        ),
        Step("label-less", f"{C} label deploy $nx x-", matches=(r"^deployment.apps/$nx (un)?labeled",)),
        Step("delete-nx", f"{C} delete deploy,hpa $nx --wait=false", says=('deployment.apps "$nx" deleted',)),
    ),
)

PODS = Story(
    "talks",
    (
        Step(
            "run-p1",
            f"{C} run $p1 --image=busybox --port=8080 --expose",
            says=("service/$p1 created", "pod/$p1 created"),
        ),
        Step(
            "wait-ready",
            f"{C} wait --for=condition=Ready pod/$p1 --timeout=20s",
            says=("pod/$p1 condition met",),
        ),
        Step("exec-big-in", f"{C} exec -i $p1 -- md5sum", stdin=BIG, check=counted_alike, reads=True),
        Step("exec-big-out", f"{C} exec $p1 -- seq 60000", check=came_whole, reads=True),
        Step(
            "get-endpoints",
            f"{C} get ep,endpointslices",
            matches=(
                r"^endpoints/$p1 198\.18\.\d+\.\d+:8080 ",
                r"^endpointslice.discovery.k8s.io/$p1-\w+ IPv4 8080 198",
            ),
            eventually=True,
            reads=True,
        ),
        Step("get-in", f"{C} get pods -l 'run in ($p1),x!=1'", matches=(r"^$p1 1/1 Running",), reads=True),
        Step(
            "bad-selector",
            f"{C} get pods -l 'run in'",
            code=1,
            complains=("unable to parse requirement",),
            reads=True,
        ),
        Step(
            "bad-field",
            f"{C} get pods --field-selector=spec.foo=1",
            code=1,
            complains=("field label not supported: spec.foo",),
            reads=True,
        ),
        Step("cannot-yet", f"{C} auth can-i list pods {AS}", code=1, says=("no",), reads=True),
        Step(
            "may-not",
            f"{C} delete pod $p1 {AS}",
            code=1,
            complains=(
                'pods "$p1" is forbidden: User "system:serviceaccount:$ns:default" cannot delete resource '
                '"pods" in API group "" in the namespace "$ns"',
            ),
            reads=True,
        ),
        Step(
            "create-rolebinding",
            f"{C} create rolebinding view --clusterrole=view --serviceaccount=$ns:default",
            says=("rolebinding.rbac.authorization.k8s.io/view created",),
        ),
        Step("can-now", f"{C} auth can-i list pods {AS}", says=("yes",), reads=True),
        Step("get-as", f"{C} get pods {AS}", matches=(r"^$p1 1/1 Running",), reads=True),
        Step("delete-now", f"{C} delete pod $p1 --now", says=('pod "$p1" deleted',)),
    ),
)

OBJECTS = Story(
    "objects",
    (
        Step("create-f", f"{C} create configmap $cm1 --from-literal=a=b", says=("configmap/$cm1 created",)),
        Step(
            "finalizer",
            f"""{C} patch cm $cm1 --type=merge -p '{{"metadata":{{"finalizers":["example.com/x"]}}}}'""",
            says=("configmap/$cm1 patched",),
        ),
        Step(
            "try-delete",
            f"{C} delete cm $cm1 --dry-run=server",
            says=('configmap "$cm1" deleted (server dry run)',),
        ),
        Step("delete-held", f"{C} delete cm $cm1 --wait=false", says=('configmap "$cm1" deleted',)),
        Step(
            "still-there",
            f"{C} get cm $cm1 -o jsonpath={{.metadata.deletionTimestamp}}",
            matches=(r"\A\d{4}-\d\d-\d\dT",),
            reads=True,
        ),
        Step(
            "let-go",
            f"""{C} patch cm $cm1 --type=json -p '[{{"op":"remove","path":"/metadata/finalizers"}}]'""",
            says=("configmap/$cm1 patched",),
        ),
        Step("is-gone", f"{C} get cm $cm1", code=1, complains=('configmaps "$cm1" not found',), reads=True),
        Step(
            "prune-two",
            f"{C} apply --prune -l p=$cm1 -f -",
            stdin=manifests.pruned(2),
            says=("-1 created",),
            since=27,
        ),
        Step(
            "prune-one",
            f"{C} apply --prune -l p=$cm1 -f -",
            stdin=manifests.pruned(1),
            says=("configmap/$cm1-0 unchanged", "configmap/$cm1-1 pruned"),
            since=27,
        ),
    ),
)

NODES = Story(
    "nodes",
    (
        Step("apply-node", f"{C} apply -f -", stdin=manifests.node(), says=("node/$node created",)),
        Step("cordon", f"{C} cordon $node", says=("node/$node cordoned",)),
        Step("get-node", f"{C} get node $node", matches=(r"^$node \S*SchedulingDisabled ",), reads=True),
        Step("drain", f"{C} drain $node", says=("node/$node",), reads=True),
        Step("uncordon", f"{C} uncordon $node", says=("node/$node uncordoned",), check=is_schedulable),
        Step("taint", f"{C} taint node $node k=v:PreferNoSchedule", says=("node/$node tainted",)),
        Step("untaint", f"{C} taint node $node k-", says=("node/$node untainted",)),
        Step("delete-node", f"{C} delete node $node", says=('node "$node" deleted',)),
    ),
)

MORE = (CREATES, JOBS, DEPLOYED, PODS, OBJECTS, NODES)
