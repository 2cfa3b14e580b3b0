"""Custom resources: those of Istio, and one that is defined on the way."""

from tests.cluster.kubectl import manifests
from tests.cluster.kubectl.scenes import Scene
from tests.cluster.kubectl.steps import Step, Story

GROUP = "networking.istio.io"
HAND = """--context=cluster1 patch vs $reviews"""
REVIEWS = f"virtualservice.{GROUP}/$reviews"


def misspelt(scene: Scene) -> str:
    """How the misspelt field is complained of: up to 1.24 by kubectl itself."""
    return (
        'unknown field "wieght"'
        if scene.kubectl.minor < 25
        else 'unknown field "spec.http[0].route[0].wieght"'
    )


def each(word: str) -> tuple[str, ...]:
    """What is said when all four were treated alike."""
    named = (
        ("virtualservice", "reviews"),
        ("destinationrule", "reviews"),
        ("serviceentry", "httpbin"),
        ("gateway", "gw"),
    )
    return tuple(f"{kind}.{GROUP}/${name} {word}" for kind, name in named)


APPLY = (
    Step("apply-istio", "--context=cluster1 apply -f -", stdin=manifests.istio(), says=each("created")),
    Step(
        "apply-istio-unchanged",
        "--context=cluster1 apply -f -",
        stdin=manifests.istio(),
        says=each("unchanged"),
        reads=True,
    ),
    Step(
        "apply-dry-server-cr",
        "--context=cluster1 apply --dry-run=server -f -",
        stdin=manifests.istio(subset="v2"),
        says=(f"{REVIEWS} configured (server dry run)", *each("unchanged (server dry run)")[1:]),
        reads=True,
    ),
    Step(
        "diff-cr",
        "--context=cluster1 diff -f -",
        stdin=manifests.istio(subset="v2"),
        code=1,
        matches=(r"^- subset: v1", r"^\+ subset: v2"),
        reads=True,
    ),
    Step(
        "apply-bad-cr",
        "--context=cluster1 apply -f -",
        stdin=manifests.bad_virtual_service(),
        code=1,
        complains=(misspelt,),
        reads=True,
    ),
    Step(
        "apply-istio-configured",
        "--context=cluster1 apply -f -",
        stdin=manifests.istio(subset="v2"),
        says=(f"{REVIEWS} configured", *each("unchanged")[1:]),
    ),
    Step(
        "ssa-istio",
        "--context=cluster1 apply --server-side -f -",
        stdin=manifests.istio(subset="v2"),
        says=each("serverside-applied"),
    ),
)

LOOK = (
    Step(
        "get-vs",
        "--context=cluster1 get virtualservice",
        matches=(r"^NAME GATEWAYS HOSTS AGE", r'^$reviews \["mesh"\] \["reviews"\] \d+[sm]'),
        reads=True,
    ),
    Step(
        "get-vs-alpha",
        f"--context=cluster1 get virtualservices.v1alpha3.{GROUP} $reviews -o yaml",
        matches=(r"^apiVersion: networking.istio.io/v1alpha3", r"^kind: VirtualService", r"^ +subset: v2"),
        reads=True,
    ),
    Step(
        "get-dr-se-gw",
        "--context=cluster1 get dr,se,gw",
        matches=(
            r"^NAME HOST AGE\ndestinationrule.networking.istio.io/$reviews reviews \d+[sm]",
            r"^NAME HOSTS LOCATION RESOLUTION AGE\n"
            r'serviceentry.networking.istio.io/$httpbin \["httpbin.org"\] MESH_EXTERNAL DNS \d+[sm]',
            r"^NAME AGE\ngateway.networking.istio.io/$gw \d+[sm]",
        ),
        reads=True,
    ),
    Step(
        "get-cat",
        "--context=cluster1 get istio-io",
        matches=tuple(rf"^{said}" for said in each("")),
        reads=True,
    ),
    Step(
        "describe-vs-reviews",
        "--context=cluster1 describe vs $reviews",
        matches=(
            r"^Name: $reviews",
            r"^API Version: networking.istio.io/v1",
            r"^ +Subset: v2",
            r"^Events: <none>",
        ),
        reads=True,
    ),
)

CHANGE = (
    Step(
        "edit-cr",
        "--context=cluster1 edit vs $reviews",
        env={"EDITOR": "sed -i s/v2/v3/"},
        says=(f"{REVIEWS} edited",),
    ),
    Step(
        "patch-cr-strategic",
        HAND + """ -p '{"spec":{"hosts":["x"]}}'""",
        code=1,
        complains=(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        ),
        reads=True,
    ),
    Step(
        "patch-cr-merge",
        HAND + """ --type=merge -p '{"spec":{"hosts":["x"]}}'""",
        says=(f"{REVIEWS} patched",),
        never=("no change",),
    ),
    Step(
        "delete-all",
        "--context=cluster1 delete vs,dr,se,gw --all",
        says=(
            f'virtualservice.{GROUP} "$reviews" deleted',
            f'destinationrule.{GROUP} "$reviews" deleted',
            f'serviceentry.{GROUP} "$httpbin" deleted',
            f'gateway.{GROUP} "$gw" deleted',
        ),
    ),
)

ISTIO = Story("istio", (*APPLY, *LOOK, *CHANGE))

CUSTOM = Story(
    "custom",
    (
        Step(
            "crd-apply",
            "--context=cluster1 apply -f -",
            stdin=manifests.widget_definition(),
            says=("customresourcedefinition.apiextensions.k8s.io/$plural.example.com created",),
        ),
        Step(
            "cr-apply",
            "--context=cluster1 apply -f -",
            stdin=manifests.widget(),
            matches=(r"^$singular.example.com/w1 created",),
            eventually=True,  # the definition is served a moment after it was made
        ),
        Step("cr-get", "--context=cluster1 get $short", matches=(r"^NAME SIZE", r"^w1 3"), reads=True),
        Step(
            "cr-delete",
            "--context=cluster1 delete -f -",
            stdin=manifests.widget_definition(),
            matches=(r'"$plural.example.com" deleted',),
        ),
    ),
)
