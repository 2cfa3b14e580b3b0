"""Deployments: applied, changed in every way there is, rolled out, and deleted."""

from tests.cluster.kubectl import manifests
from tests.cluster.kubectl.manifests import deployment, documents
from tests.cluster.kubectl.scenes import Scene
from tests.cluster.kubectl.steps import Step, Story

CHANGED = documents(deployment(env="SECOND"))
APPLIED = documents(deployment(env="SECOND", image="nginx:1.27.1"))
WEB_CONFIGURED = "deployment.apps/$web configured"
PATCH = '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:1.28"}]}}}}'


def unknown_field(scene: Scene) -> str:
    """How a field that does not exist is complained of: up to 1.24 by kubectl itself."""
    return 'unknown field "foo"' if scene.kubectl.minor < 25 else 'unknown field "spec.foo"'


def foo(name: str) -> str:
    """A Deployment with a field that does not exist."""
    return documents(deployment(name, foo="bar"))


CREATE = (
    Step(
        "apply-create",
        "--context=cluster1 apply -f -",
        stdin=manifests.EVERYTHING,
        says=(
            "deployment.apps/$web created",
            "service/$web created",
            "configmap/$cm1 created",
            "secret/$s1 created",
            "pod/$p1 created",
        ),
    ),
    Step(
        "apply-unchanged",
        "--context=cluster1 apply -f -",
        stdin=manifests.EVERYTHING,
        says=(
            "deployment.apps/$web unchanged",
            "service/$web unchanged",
            "configmap/$cm1 unchanged",
            "secret/$s1 configured",  # what is in stringData differs from what is kept
            "pod/$p1 unchanged",
        ),
        reads=True,
    ),
    Step(
        "apply-dry-server",
        "--context=cluster1 apply --dry-run=server -f -",
        stdin=CHANGED,
        says=("deployment.apps/$web configured (server dry run)",),
        reads=True,
    ),
    Step(
        "apply-dry-client",
        "--context=cluster1 apply --dry-run=client -f -",
        stdin=CHANGED,
        says=("deployment.apps/$web configured (dry run)",),
        reads=True,
    ),
    Step(
        "diff",
        "--context=cluster1 diff -f -",
        stdin=CHANGED,
        code=1,
        matches=(r"^\+ - name: SECOND", r"^\+ value: \"1\""),
        never=("dry run",),
        reads=True,
    ),
    Step(
        "rollout-status0",
        "--context=cluster1 rollout status deployment/$web --timeout=20s",
        says=('deployment "$web" successfully rolled out',),
        reads=True,
    ),
    Step("apply-configured", "--context=cluster1 apply -f -", stdin=CHANGED, says=(WEB_CONFIGURED,)),
    Step(
        "rollout-status",
        "--context=cluster1 rollout status deployment/$web --timeout=20s",
        says=('deployment "$web" successfully rolled out',),
        reads=True,
    ),
    Step(
        "get-env",
        "--context=cluster1 get deploy $web -o jsonpath={.spec.template.spec.containers[0].env[*].name}",
        says=("FIRST SECOND",),
        reads=True,
    ),
)

BAD = (
    Step(
        "apply-bad",
        "--context=cluster1 apply -f -",
        stdin=foo("$bad"),
        code=1,
        complains=(unknown_field,),
        reads=True,
    ),
    Step(
        "apply-bad-novalidate",
        "--context=cluster1 apply --validate=false --dry-run=server -f -",
        stdin=foo("$bad"),
        says=("deployment.apps/$bad created (server dry run)",),
        reads=True,
    ),
    Step(
        "apply-bad-warn",
        "--context=cluster1 apply --validate=warn --dry-run=server -f -",
        stdin=foo("$bad"),
        says=("deployment.apps/$bad created (server dry run)",),
        complains=('Warning: unknown field "spec.foo"',),
        since=25,
        reads=True,
    ),
    Step(
        "apply-bad-update",
        "--context=cluster1 apply -f -",
        stdin=foo("$web"),
        code=1,
        complains=(unknown_field,),
        reads=True,
    ),
    Step(
        "apply-bad-type",
        "--context=cluster1 apply -f -",
        stdin=documents(deployment(replicas="two")),
        code=1,
        complains=("replicas", "string"),
        reads=True,
    ),
    Step(
        "apply-invalid",
        "--context=cluster1 apply -f -",
        stdin=documents(deployment("$neg", replicas=-1)),
        code=1,
        complains=(
            'The Deployment "$neg" is invalid: spec.replicas: Invalid value: -1: '
            "must be greater than or equal to 0",
        ),
        reads=True,
    ),
    Step(
        "apply-immutable",
        "--context=cluster1 apply -f -",
        stdin=documents(deployment(selector={"matchLabels": {"app": "$web", "tier": "front"}})),
        code=1,
        complains=('The Deployment "$web" is invalid', "field is immutable"),
        reads=True,
    ),
)

SERVER_SIDE = (
    Step(
        "ssa-over-csa",
        "--context=cluster1 apply --server-side -f -",
        stdin=APPLIED,
        says=("deployment.apps/$web serverside-applied",),
    ),
    Step(
        "ssa-dry",
        "--context=cluster1 apply --server-side --dry-run=server -f -",
        stdin=documents(deployment(replicas=5, env="SECOND", image="nginx:1.27.1")),
        says=("deployment.apps/$web serverside-applied (server dry run)",),
        reads=True,
    ),
    Step(
        "get-deploy-wide",
        "--context=cluster1 get deploy -o wide",
        matches=(
            r"^NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR",
            r"^$web \d/2 \d \d \d+[sm] web nginx:1\.27\.1 app=$web",
        ),
        reads=True,
    ),
    Step("csa-after-ssa", "--context=cluster1 apply -f -", stdin=APPLIED, says=("deployment.apps/$web",)),
    Step(
        "get-yaml",
        "--context=cluster1 get deploy $web -o yaml",
        matches=(r"^apiVersion: apps/v1", r"^kind: Deployment", r"^ name: $web", r"^ replicas: 2"),
        reads=True,
    ),
    Step(
        "describe-deploy-web",
        "--context=cluster1 describe deploy $web",
        matches=(
            r"^Name: $web",
            r"^Selector: app=$web",
            r"^StrategyType: RollingUpdate",
            r"^RollingUpdateStrategy: 25% max unavailable, 25% max surge",
            r"^ Image: nginx:1\.27\.1",
            r"ScalingReplicaSet .*deployment-controller Scaled up replica set $web-",
        ),
        eventually=True,
        reads=True,
    ),
    Step(
        "events-for",
        "--context=cluster1 events --for deploy/$web",
        matches=(r"Normal ScalingReplicaSet Deployment/$web Scaled up replica set $web-",),
        since=26,
        eventually=True,
        reads=True,
    ),
    Step(
        "wait-pod-ready",
        "--context=cluster1 wait --for=condition=Ready pod -l app=$web --timeout=20s",
        matches=(r"^pod/$web-\w+-\w+ condition met",),
        eventually=True,  # a pod of before may go while it waits
        reads=True,
    ),
    Step(
        "get-labels",
        "--context=cluster1 get pods --show-labels -l app=$web",
        matches=(r"^NAME READY STATUS RESTARTS AGE LABELS", r"^$web-\w+-\w+ .*app=$web,pod-template-hash="),
        never=("$p1",),
        reads=True,
    ),
)

CHANGES = (
    Step(
        "edit-noop",
        "--context=cluster1 edit deploy $web",
        env={"EDITOR": "true"},
        complains=("Edit cancelled, no changes made",),
        reads=True,
    ),
    Step(
        "edit-sed",
        "--context=cluster1 edit deploy $web",
        env={"EDITOR": "sed -i s/1.27.1/1.27.2/"},
        says=("deployment.apps/$web edited",),
    ),
    Step(
        "patch-strategic",
        f"--context=cluster1 patch deploy $web -p '{PATCH}'",
        says=("deployment.apps/$web patched",),
        never=("no change",),
    ),
    Step(
        "patch-nochange",
        f"--context=cluster1 patch deploy $web -p '{PATCH}'",
        says=("deployment.apps/$web patched (no change)",),
        eventually=True,  # its status may change while kubectl compares
    ),
    Step(
        "patch-merge",
        """--context=cluster1 patch deploy $web --type=merge -p '{"spec":{"replicas":3}}'""",
        says=("deployment.apps/$web patched",),
        never=("no change",),
    ),
    Step(
        "patch-json",
        """--context=cluster1 patch deploy $web --type=json"""
        """ -p '[{"op":"replace","path":"/spec/replicas","value":2}]'""",
        says=("deployment.apps/$web patched",),
        never=("no change",),
    ),
    Step(
        "patch-sub",
        "--context=cluster1 patch deploy $web --subresource=status --type=merge"
        """ -p '{"status":{"readyReplicas":2}}'""",
        says=("deployment.apps/$web patched",),
        since=24,
    ),
    Step("annotate", "--context=cluster1 annotate deploy $web x=y", says=("deployment.apps/$web annotated",)),
    Step(
        "set-image",
        "--context=cluster1 set image deploy/$web web=nginx:1.29",
        says=("deployment.apps/$web image updated",),
    ),
)

ROLLOUTS = (
    Step("scale", "--context=cluster1 scale deploy/$web --replicas=4", says=("deployment.apps/$web scaled",)),
    Step(
        "scale-current",
        "--context=cluster1 scale deploy/$web --current-replicas=4 --replicas=2",
        says=("deployment.apps/$web scaled",),
    ),
    Step(
        "rollout-status2",
        "--context=cluster1 rollout status deploy/$web --timeout=20s",
        says=('deployment "$web" successfully rolled out',),
        reads=True,
    ),
    Step(
        "rollout-restart",
        "--context=cluster1 rollout restart deploy/$web",
        says=("deployment.apps/$web restarted",),
    ),
    Step(
        "rollout-status3",
        "--context=cluster1 rollout status deploy/$web --timeout=20s",
        says=('deployment "$web" successfully rolled out',),
    ),
    Step(
        "rollout-history",
        "--context=cluster1 rollout history deploy/$web",
        matches=(r"^deployment.apps/$web", r"^REVISION CHANGE-CAUSE", r"^[3-9] <none>"),
        reads=True,
    ),
    Step(
        "rollout-undo",
        "--context=cluster1 rollout undo deploy/$web",
        says=("deployment.apps/$web rolled back",),
    ),
    Step(
        "rollout-pause", "--context=cluster1 rollout pause deploy/$web", says=("deployment.apps/$web paused",)
    ),
    Step(
        "rollout-resume",
        "--context=cluster1 rollout resume deploy/$web",
        says=("deployment.apps/$web resumed",),
    ),
    Step(
        "rollout-status4",
        "--context=cluster1 rollout status deploy/$web --timeout=20s",
        says=('deployment "$web" successfully rolled out',),
    ),
    Step(
        "wait-avail",
        "--context=cluster1 wait --for=condition=available deploy/$web --timeout=20s",
        says=("deployment.apps/$web condition met",),
        reads=True,
    ),
    Step(
        "logs-deploy",
        "--context=cluster1 logs deploy/$web --tail=1",
        says=("serving on 80",),
        eventually=True,
        reads=True,
    ),
    Step(
        "logs-sel",
        "--context=cluster1 logs -l app=$web --prefix",
        matches=(r"^\[pod/$web-\w+-\w+/web\] serving on 80",),
        eventually=True,
        reads=True,
    ),
)

DELETION = (
    Step("delete-deploy", "--context=cluster1 delete deploy $web", says=('deployment.apps "$web" deleted',)),
    Step(
        "gone-pods",
        "--context=cluster1 get pods,rs -l app=$web",
        complains=("No resources found in $ns namespace.",),
        eventually=True,
        reads=True,
    ),
)

WEB = Story("web", (*CREATE, *BAD, *SERVER_SIDE, *CHANGES, *ROLLOUTS, *DELETION))

NX = Story(
    "nx",
    (
        Step(
            "create-deploy",
            "--context=cluster1 create deployment $nx --image=nginx",
            says=("deployment.apps/$nx created",),
        ),
        Step(
            "expose",
            "--context=cluster1 expose deploy/$nx --port=80",
            says=("service/$nx exposed",),
            reads=True,
        ),
        Step(
            "describe-rs",
            "--context=cluster1 describe rs",
            matches=(r"^Name: $nx-", r"^Controlled By: Deployment/$nx", r"^Replicas: 1 current / 1 desired"),
            eventually=True,
            reads=True,
        ),
        Step(
            "wait-avail-all",
            "--context=cluster1 wait --for=condition=available deploy --all --timeout=20s",
            says=("deployment.apps/$nx condition met",),
            eventually=True,  # another one may be deleted while it waits
            reads=True,
        ),
        Step(
            "delete-fg",
            "--context=cluster1 delete deploy $nx --cascade=foreground",
            says=('deployment.apps "$nx" deleted',),
        ),
    ),
)
