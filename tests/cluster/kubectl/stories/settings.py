"""ConfigMaps and Secrets: made, watched, applied on the server's side, deleted, replaced."""

from tests.cluster.kubectl import manifests
from tests.cluster.kubectl.commands import Background, run_kubectl
from tests.cluster.kubectl.scenes import Scene
from tests.cluster.kubectl.steps import Step, Story

NOT_FOUND = 'Error from server (NotFound): error when deleting "STDIN": '


async def touch_watched(scene: Scene, watching: Background) -> None:
    """Make an object and delete it while somebody watches."""
    await watching.until(scene.names["cm1"])
    name = scene.names["watched"]
    for arguments in (f"create configmap {name} --from-literal=a=b", f"delete configmap {name}"):
        done = await run_kubectl(scene, arguments)
        assert done.code == 0, done
    await watching.until(name)


async def see_deletion(scene: Scene, watching: Background) -> None:
    """Make an object and delete it, and wait until the watcher was told of both."""
    await touch_watched(scene, watching)
    await watching.until("DELETED")


async def see_it(scene: Scene, watching: Background) -> None:
    """Wait until the object was printed."""
    await watching.until("uid: ")


SETTINGS = Story(
    "settings",
    (
        Step(
            "create-exists",
            "--context=cluster1 create -f -",
            stdin=manifests.SETTINGS,
            code=1,
            complains=(
                'error when creating "STDIN": configmaps "$cm1" already exists',
                'error when creating "STDIN": secrets "$s1" already exists',
            ),
            after=("apply-create",),
            reads=True,
        ),
        Step(
            "describe-cm-cm1",
            "--context=cluster1 describe cm $cm1",
            matches=(r"^Name: $cm1", r"^Namespace: $ns", r"^colour:\n----\ngreen"),
            after=("apply-create",),
            reads=True,
        ),
        Step(
            "describe-secret-s1",
            "--context=cluster1 describe secret $s1",
            matches=(r"^Type: Opaque", r"^word: 6 bytes"),
            never=("friend",),
            after=("apply-create",),
            reads=True,
        ),
        Step(
            "get-w",
            "--context=cluster1 get cm -w",
            during=touch_watched,
            matches=(r"^NAME DATA AGE", r"^$watched 1 \d+[sm]"),
            after=("apply-create",),
            reads=True,
        ),
        Step(
            "get-w-out",
            "--context=cluster1 get cm -w --output-watch-events",
            during=see_deletion,
            matches=(r"^EVENT NAME DATA AGE", r"^ADDED $watched 1 \d+[sm]", r"^DELETED $watched 1 \d+[sm]"),
            after=("apply-create",),
            reads=True,
        ),
        Step(
            "delete-stdin",
            "--context=cluster1 delete -f -",
            stdin=manifests.SETTINGS,
            says=('configmap "$cm1" deleted', 'secret "$s1" deleted'),
            after=("apply-unchanged",),
        ),
        Step(
            "delete-again",
            "--context=cluster1 delete -f -",
            stdin=manifests.SETTINGS,
            code=1,
            complains=(f'{NOT_FOUND}configmaps "$cm1" not found', f'{NOT_FOUND}secrets "$s1" not found'),
        ),
        Step("delete-ignore", "--context=cluster1 delete --ignore-not-found -f -", stdin=manifests.SETTINGS),
        Step(
            "replace",
            "--context=cluster1 replace --force -f -",
            stdin=manifests.SETTINGS,
            says=("configmap/$cm1 replaced", "secret/$s1 replaced"),
        ),
    ),
)

LITERAL = Story(
    "literal",
    (
        Step(
            "create-cm",
            "--context=cluster1 create configmap $lit --from-literal=a=b",
            says=("configmap/$lit created",),
        ),
        Step(
            "get-wo-yaml",
            "--context=cluster1 get cm $lit -w -o yaml",
            during=see_it,
            says=("kind: ConfigMap", "name: $lit"),
        ),
        Step(
            "create-in-missing-ns",
            "--context=cluster1 -n $missing create configmap x --from-literal=a=b",
            code=1,
            complains=('namespaces "$missing" not found',),
            reads=True,
        ),
    ),
)

APPLIED = Story(
    "applied",
    (
        Step(
            "ssa",
            "--context=cluster1 apply --server-side -f -",
            stdin=manifests.applied_config_map(a="1", b="2"),
            says=("configmap/$ssacm serverside-applied",),
        ),
        Step(
            "ssa-again",
            "--context=cluster1 apply --server-side -f -",
            stdin=manifests.applied_config_map(a="3"),
            says=("configmap/$ssacm serverside-applied",),
        ),
        Step(
            "ssa-data",
            "--context=cluster1 get cm $ssacm -o jsonpath={.data}",
            says=('{"a":"3"}',),
            never=('"b"',),
            reads=True,
        ),
        Step(
            "ssa-conflict",
            "--context=cluster1 apply --server-side --field-manager=other -f -",
            stdin=manifests.applied_config_map(a="4"),
            code=1,
            complains=('Apply failed with 1 conflict: conflict with "kubectl": .data.a',),
            reads=True,
        ),
        Step(
            "ssa-force",
            "--context=cluster1 apply --server-side --force-conflicts --field-manager=other -f -",
            stdin=manifests.applied_config_map(a="4"),
            says=("configmap/$ssacm serverside-applied",),
        ),
    ),
)
