"""Namespaces, nodes, Services, accounts, events, and lists of all sorts."""

from tests.cluster.kubectl import manifests
from tests.cluster.kubectl.steps import Step, Story

NAMESPACE = Story(
    "namespace",
    (
        Step(
            "label",
            "--context=cluster1 label namespace $ns istio-injection=enabled",
            says=("namespace/$ns labeled",),
        ),
        Step(
            "get-ns-L",
            "--context=cluster1 get namespace -L istio-injection",
            matches=(r"^NAME STATUS AGE ISTIO-INJECTION", r"^$ns Active \w+ enabled", r"^default Active"),
            reads=True,
        ),
        Step(
            "describe-ns-default",
            "--context=cluster1 describe ns $ns",
            matches=(
                r"^Name: $ns",
                r"istio-injection=enabled",
                r"^Status: Active",
                "No resource quota.",
                "No LimitRange resource.",
            ),
            reads=True,
        ),
        Step("create-ns", "--context=cluster1 create namespace $spare", says=("namespace/$spare created",)),
    ),
)

EXTENSIONS = Story(
    "extensions",
    (
        Step(
            "apply-ext",
            "--context=cluster1 apply -f -",
            stdin=manifests.old_deployment(),
            says=("deployment.extensions/$old created",),
        ),
        Step(
            "apply-ext-again",
            "--context=cluster1 apply -f -",
            stdin=manifests.old_deployment(),
            says=("deployment.extensions/$old unchanged",),
            reads=True,
        ),
        Step(
            "get-ext",
            "--context=cluster1 get deployments.v1beta1.extensions",
            matches=(r"^NAME READY UP-TO-DATE AVAILABLE AGE", r"^$old \d/1 "),
            reads=True,
        ),
        Step(
            "describe-deployments.v1beta1.extensions-old",
            "--context=cluster1 describe deployments.v1beta1.extensions $old",
            matches=(r"^Name: $old", r"[vV]ersion[=:] ?v1"),
            reads=True,
        ),
        Step(
            "delete-orphan",
            "--context=cluster1 delete deployments.v1beta1.extensions $old --cascade=orphan",
            says=('deployment.extensions "$old" deleted',),
        ),
        Step(
            "orphan-left",
            "--context=cluster1 get rs -l app=$old",
            matches=(r"^$old-\w+ 1 1 \d",),
            reads=True,
        ),
    ),
)

INGRESS = Story(
    "ingress",
    (
        Step(
            "apply-igw",
            "--context=cluster1 apply -f -",
            stdin=manifests.ingress_gateway(),
            says=("namespace/$ingress created", "service/istio-ingressgateway created"),
        ),
        Step(
            "get-jsonpath",
            "--context=cluster1 get svc --selector=app=istio-ingressgateway -n $ingress"
            " -o jsonpath={.items[0].status.loadBalancer.ingress[0].ip}",
            matches=(r"\A198\.19\.\d+\.\d+\Z",),
            eventually=True,
            reads=True,
        ),
        Step("delete-ns", "--context=cluster1 delete ns $ingress", says=('namespace "$ingress" deleted',)),
    ),
)

LISTS = (
    Step(
        "get-svc",
        "--context=cluster1 get svc",
        matches=(
            r"^NAME TYPE CLUSTER-IP EXTERNAL-IP PORT\(S\) AGE",
            r"^$web ClusterIP 198\.18\.\d+\.\d+ <none> 80/TCP \w+",
        ),
        reads=True,
    ),
    Step(
        "get-pods-wide",
        "--context=cluster1 get pods -o wide",
        matches=(
            r"^NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES",
            r"^$adhoc 1/1 Running 0 \w+ 198\.18\.\d+\.\d+ cluster1-node-1 <none> <none>",
        ),
        eventually=True,
        reads=True,
    ),
    Step(
        "get-all",
        "--context=cluster1 get all",
        matches=(r"^pod/$adhoc 1/1 Running", r"^service/$web ClusterIP"),
        eventually=True,
        reads=True,
    ),
    Step(
        "get-all-A",
        "--context=cluster1 get pods -A",
        matches=(r"^NAMESPACE NAME", r"^$ns $adhoc "),
        reads=True,
    ),
    Step("get-name", "--context=cluster1 get pods -o name", matches=(r"^pod/$adhoc",), reads=True),
    Step(
        "get-cc",
        "--context=cluster1 get pods -o custom-columns=N:.metadata.name",
        matches=(r"\AN\n", r"^$adhoc"),
        reads=True,
    ),
    Step(
        "get-sort",
        "--context=cluster1 get pods --sort-by=.metadata.name",
        matches=(r"\ANAME READY", r"^$adhoc "),
        reads=True,
    ),
    Step(
        "get-field",
        "--context=cluster1 get pods --field-selector=status.phase=Running",
        matches=(r"^$adhoc 1/1 Running",),
        never=("Pending",),
        eventually=True,
        reads=True,
    ),
    Step(
        "get-chunk",
        "--context=cluster1 get pods --chunk-size=1",
        matches=(r"\ANAME READY", r"^$adhoc "),
        reads=True,
    ),
    Step(
        "get-404",
        "--context=cluster1 get pod nope",
        code=1,
        complains=('Error from server (NotFound): pods "nope" not found',),
        reads=True,
    ),
)

ABOUT = (
    Step(
        "describe-svc-web",
        "--context=cluster1 describe svc $web",
        matches=(
            r"^Name: $web",
            r"^Selector: app=$web",
            r"^Port: http 80/TCP",
            r"^Endpoints: (198\.18\.\d+\.\d+:80|<none>)",
        ),
        reads=True,
    ),
    Step(
        "describe-node",
        "--context=cluster1 describe node",
        matches=(r"^Name: cluster1-node-1", r"^ Ready True", r"^Non-terminated Pods: ", r"$ns $adhoc"),
        eventually=True,
        reads=True,
    ),
    Step(
        "describe-sa-default",
        "--context=cluster1 describe sa default",
        matches=(r"^Name: default", r"^Namespace: $ns"),
        reads=True,
    ),
    Step(
        "events",
        "--context=cluster1 events",
        matches=(
            r"^LAST SEEN TYPE REASON OBJECT MESSAGE",
            r"Normal Started Pod/$adhoc Started container $adhoc",
        ),
        since=26,
        eventually=True,
        reads=True,
    ),
    Step(
        "get-events",
        "--context=cluster1 get events",
        matches=(
            r"^LAST SEEN TYPE REASON OBJECT MESSAGE",
            r"Normal Started pod/$adhoc Started container $adhoc",
        ),
        eventually=True,
        reads=True,
    ),
    Step(
        "cluster-info-dump",
        "--context=cluster1 cluster-info dump --namespaces=$ns",
        says=(
            '"kind": "NodeList"',
            '"kind": "PodList"',
            "==== START logs for container $adhoc of pod $ns/$adhoc ====",
        ),
        reads=True,
    ),
)

READS = Story(
    "adhoc",
    (
        Step(
            "run",
            "--context=cluster1 run $adhoc --image=busybox",
            says=("pod/$adhoc created",),
            after=("apply-create",),
        ),
        *LISTS,
        *ABOUT,
        Step(
            "delete-nowait",
            "--context=cluster1 delete pod $adhoc --wait=false",
            says=('pod "$adhoc" deleted',),
        ),
        Step(
            "wait-delete",
            "--context=cluster1 wait --for=delete pod/$adhoc --timeout=20s",
            says=("pod/$adhoc condition met",),
            is_next=True,
        ),
        Step(
            "delete-force",
            "--context=cluster1 delete svc $web --now",
            says=('service "$web" deleted',),
            after=("port-forward-svc", "apply-unchanged"),
        ),
    ),
)
