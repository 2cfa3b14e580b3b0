"""What the cluster is and can do: versions, resources, their explanations, and who may do what."""

from tests.cluster.kubectl.steps import Step, Story

DISCOVERY = Story(
    "discovery",
    (
        Step("config", "config get-contexts", says=("cluster1",), reads=True),
        Step("version", "--context=cluster1 version", matches=(r"Server Version: .*v1\.32\.",), reads=True),
        Step(
            "api-resources",
            "--context=cluster1 api-resources",
            matches=(
                r"^pods po v1 true Pod$|^pods po true Pod$",
                r"^deployments deploy apps(/v1)? true Deployment$",
                r"^virtualservices vs networking\.istio\.io(/v1)? true VirtualService$",
            ),
            reads=True,
        ),
        Step(
            "api-resources-wide",
            "--context=cluster1 api-resources -o wide",
            matches=(r"^pods po .*create.*delete.*get.*list.*patch.*update.*watch",),
            reads=True,
        ),
        Step(
            "api-versions",
            "--context=cluster1 api-versions",
            matches=(r"^apps/v1$", r"^extensions/v1beta1$", r"^networking\.istio\.io/v1alpha3$", r"^v1$"),
            reads=True,
        ),
        Step(
            "cluster-info",
            "--context=cluster1 cluster-info",
            says=("Kubernetes control plane", " is running at "),
            reads=True,
        ),
        Step(
            "get-unknown",
            "--context=cluster1 get foos",
            code=1,
            complains=('the server doesn\'t have a resource type "foos"',),
            reads=True,
        ),
        Step(
            "get-raw",
            "--context=cluster1 get --raw /apis",
            says=('"kind":"APIGroupList"', '"name":"apps"'),
            reads=True,
        ),
        Step(
            "top",
            "--context=cluster1 top nodes",
            code=1,
            complains=("Metrics API not available",),
            reads=True,
        ),
    ),
)

EXPLAIN = Story(
    "explain",
    (
        Step(
            "explain",
            "--context=cluster1 explain deployment.spec.strategy",
            says=("rollingUpdate", "RollingUpdate", "strategy"),
            reads=True,
        ),
        Step(
            "explain-svc",
            "--context=cluster1 explain service.spec.ports",
            says=("targetPort", "nodePort", "The list of ports that are exposed by this service"),
            reads=True,
        ),
        Step(
            "explain-cr",
            "--context=cluster1 explain virtualservice.spec.http",
            says=("An ordered list of route rules.", "route"),
            reads=True,
        ),
        Step(
            "explain-rec",
            "--context=cluster1 explain pod --recursive",
            says=("initContainers", "terminationGracePeriodSeconds", "hostIP"),
            reads=True,
        ),
    ),
)

AUTH = Story(
    "auth",
    (
        Step("can-i", "--context=cluster1 auth can-i create deployments", says=("yes",), reads=True),
        Step(
            "can-i-list",
            "--context=cluster1 auth can-i --list",
            matches=(r"^\*\.\* \[\] \[\] \[\*\]",),
            reads=True,
        ),
        Step(
            "whoami",
            "--context=cluster1 auth whoami",
            says=("Username", "Groups", "system:masters"),
            since=27,
            reads=True,
        ),
        Step(
            "auth-reconcile",
            "--context=cluster1 create role $role --verb=get --resource=pods",
            says=("role.rbac.authorization.k8s.io/$role created",),
            reads=True,
        ),
    ),
)
