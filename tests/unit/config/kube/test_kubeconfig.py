"""Facts about finding a cluster and the credentials for it."""

import pytest
from tests.kit.clocks import FakeClock
from tests.unit.config.kube.kubeconfigs import data, one_cluster, write_kubeconfig
from tests.unit.config.kube.secure_server import secure_server

from convoy.config.errors import KubeconfigError, KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.credentials import GivenCredentials
from convoy.config.kube.kubeconfig import in_cluster, load_kubeconfig
from convoy.config.kube.resources import NAMESPACES
from convoy.kit.secrets import SecretBytes


@pytest.fixture
async def server():
    async with secure_server() as server:
        yield server


async def shown(target):
    """What a server sees of a client of this target."""
    async with KubeClient(target) as client:
        return await client.get(NAMESPACES, "a")


async def token_of(target):
    token = (await target.credentials.current()).token
    return token.reveal().decode() if token else ""


async def test_of_several_files_the_first_that_has_a_name_counts(tmp_path):
    first = write_kubeconfig(
        tmp_path / "a",
        clusters={"east": {"server": "https://east:1"}},
        users={"me": {"token": "first"}},
        contexts={"one": {"cluster": "east", "user": "me", "namespace": "shop"}},
        current="one",
    )
    second = write_kubeconfig(
        tmp_path / "b",
        clusters={"east": {"server": "https://wrong:1"}, "west": {"server": "https://west:1/prefix/"}},
        users={"me": {"token": "second"}, "other": {"token": "other"}},
        contexts={"two": {"cluster": "west", "user": "other"}},
        current="two",
    )
    environ = {"KUBECONFIG": f"{first}:{tmp_path / 'missing'}::{second}"}
    one = load_kubeconfig(environ=environ)
    assert (one.cluster, one.server, one.namespace) == ("east", "https://east:1", "shop")
    assert await token_of(one) == "first"
    two = load_kubeconfig(context="two", environ=environ)
    assert (two.cluster, two.server, two.namespace) == ("west", "https://west:1/prefix", "default")
    assert await token_of(two) == "other"


async def test_without_a_word_the_usual_file_counts(tmp_path):
    one_cluster(tmp_path / ".kube" / "config", user={"token": "usual"})
    assert await token_of(load_kubeconfig(environ={"HOME": str(tmp_path)})) == "usual"


async def test_relative_paths_are_relative_to_their_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ca.pem").write_bytes(b"authority")
    (tmp_path / "sub" / "token").write_text("from a file\n")
    user = {"tokenFile": "token", "token": "not this one"}
    file = one_cluster(tmp_path / "sub" / "config", user=user, **{"certificate-authority": "ca.pem"})
    target = load_kubeconfig(file)
    assert target.authority == b"authority"
    assert await token_of(target) == "from a file"


async def test_server_is_verified_and_sees_the_token(tmp_path, server):
    authority = {"certificate-authority-data": data(server.authority.root_pem)}
    file = one_cluster(tmp_path / "config", server=server.url, user={"token": "secret"}, **authority)
    assert (await shown(load_kubeconfig(file)))["token"] == "secret"


async def test_server_of_another_authority_is_refused_before_it_sees_anything(tmp_path, server):
    file = one_cluster(tmp_path / "config", server=server.url, user={"token": "secret"})
    with pytest.raises(KubeError, match=r"the certificate of localhost:\d+ is not accepted: .*self.signed"):
        await shown(load_kubeconfig(file))
    assert server.tokens == []


async def test_verification_can_be_turned_off(tmp_path, server):
    file = one_cluster(tmp_path / "config", server=server.url, **{"insecure-skip-tls-verify": True})
    assert (await shown(load_kubeconfig(file)))["token"] == ""


async def test_name_to_verify_can_be_another_than_the_urls(tmp_path):
    async with secure_server(name="api.east.example") as server:
        authority = {"certificate-authority-data": data(server.authority.root_pem)}
        with pytest.raises(KubeError, match=r"is not accepted: .*ostname mismatch"):
            await shown(load_kubeconfig(one_cluster(tmp_path / "a", server=server.url, **authority)))
        named = {**authority, "tls-server-name": "api.east.example"}
        await shown(load_kubeconfig(one_cluster(tmp_path / "b", server=server.url, **named)))


@pytest.mark.parametrize("in_files", [False, True])
async def test_client_certificate_is_shown(tmp_path, server, in_files):
    issued = server.authority.issue(dns=("someone",))
    (tmp_path / "chain.pem").write_bytes(issued.chain_pem)
    (tmp_path / "key.pem").write_bytes(issued.key_pem)
    user = (
        {"client-certificate": "chain.pem", "client-key": "key.pem"}
        if in_files
        else {
            "client-certificate-data": data(issued.chain_pem),
            "client-key-data": data(issued.key_pem),
        }
    )
    authority = {"certificate-authority-data": data(server.authority.root_pem)}
    file = one_cluster(tmp_path / "config", server=server.url, user=user, **authority)
    assert (await shown(load_kubeconfig(file)))["peer"] == ["someone"]


async def test_impersonation_is_sent(tmp_path, server):
    user = {"as": "jane", "as-groups": ["dev", "ops"], "as-user-extra": {"a/b": ["c"]}}
    authority = {"certificate-authority-data": data(server.authority.root_pem)}
    file = one_cluster(tmp_path / "config", server=server.url, user=user, **authority)
    target = load_kubeconfig(file)
    assert ("Impersonate-Group", "dev") in target.headers
    seen = await shown(target)
    assert (seen["Impersonate-User"], seen["Impersonate-Extra-a%2Fb"]) == ("jane", "c")


async def test_token_that_is_refused_is_read_again_once(tmp_path, server):
    (tmp_path / "token").write_text("old")
    authority = {"certificate-authority-data": data(server.authority.root_pem)}
    user = {"tokenFile": "token"}
    target = load_kubeconfig(one_cluster(tmp_path / "config", server=server.url, user=user, **authority))
    server.refused = {"old"}
    async with KubeClient(target) as client:
        with pytest.raises(KubeError, match="401 Unauthorized; the credentials were not accepted"):
            await client.get(NAMESPACES, "a")
        assert server.tokens == ["old", "old"]
        (tmp_path / "token").write_text("new")
        assert (await client.get(NAMESPACES, "a"))["token"] == "new"


async def test_request_that_came_too_fast_is_sent_again_when_the_server_says(tmp_path, server):
    authority = {"certificate-authority-data": data(server.authority.root_pem)}
    target = load_kubeconfig(one_cluster(tmp_path / "config", server=server.url, **authority))
    clock = FakeClock()
    async with KubeClient(target, clock=clock) as client:
        server.too_fast = 2
        await client.get(NAMESPACES, "a")
        assert clock.slept == [2.0, 2.0]
        server.too_fast = 100
        with pytest.raises(KubeError, match="429 Too Many Requests"):
            await client.get(NAMESPACES, "a")


async def test_files_are_read_again_after_a_while(tmp_path):
    clock = FakeClock()
    (tmp_path / "token").write_text("one")
    credentials = GivenCredentials(token=tmp_path / "token", clock=clock)
    assert (await credentials.current()).token == SecretBytes(b"one")
    (tmp_path / "token").write_text("two")
    assert (await credentials.current()).token == SecretBytes(b"one")
    clock.goes_on(10)
    assert (await credentials.current()).token == SecretBytes(b"two")


async def test_pod_is_its_own_service_account(tmp_path, server):
    (tmp_path / "ca.crt").write_bytes(server.authority.root_pem)
    (tmp_path / "namespace").write_text("istio-system")
    (tmp_path / "token").write_text("projected")
    port = server.url.rpartition(":")[2]
    environ = {"KUBERNETES_SERVICE_HOST": "localhost", "KUBERNETES_SERVICE_PORT": port}
    target = in_cluster(folder=tmp_path, environ=environ, cluster="east")
    assert (target.namespace, target.cluster) == ("istio-system", "east")
    assert (await shown(target))["token"] == "projected"
    ipv6 = in_cluster(folder=tmp_path, environ={"KUBERNETES_SERVICE_HOST": "fd00::1"})
    assert ipv6.server == "https://[fd00::1]:443"


def test_process_outside_of_a_pod_is_told_so(tmp_path):
    with pytest.raises(KubeconfigError, match="not in a pod"):
        in_cluster(environ={})
    with pytest.raises(
        KubeconfigError, match=r"the certificate authority in .*ca\.crt cannot be read: No such"
    ):
        in_cluster(folder=tmp_path, environ={"KUBERNETES_SERVICE_HOST": "a"})


def test_no_kubeconfig_at_all_is_told(tmp_path):
    with pytest.raises(KubeconfigError, match=r"there is no kubeconfig: .*config does not exist"):
        load_kubeconfig(environ={"HOME": str(tmp_path)})
    with pytest.raises(KubeconfigError, match=r"the kubeconfig .*mine does not exist"):
        load_kubeconfig(tmp_path / "mine")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "line 2: "),
        ("clusters: 7", "is not one: Expected `array | null`, got `int` - at `$.clusters`"),
        ("kind: Pod", 'is not one: its kind is "Pod"'),
        ("", "has no current context. Choose one of: none at all."),
        ("current-context: x\ncontexts: [{name: z, context: {}}]", 'has no context "x", but "z".'),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: a}}]",
            'context "x" is of cluster "a", which is missing.',
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: a, user: b}}]\n"
            "clusters: [{name: a, cluster: {server: 'https://a'}}]",
            'context "x" is of user "b", who is missing.',
        ),
    ],
)
def test_file_that_leads_nowhere_is_told_in_a_sentence(tmp_path, text, sentence):
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(KubeconfigError) as caught:
        load_kubeconfig(file)
    assert sentence in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("cluster", "user", "sentence"),
    [
        ({"server": "localhost:6443"}, {}, 'the server "localhost:6443" of cluster "east" is no http'),
        ({"server": ""}, {}, "is no http or https URL"),
        ({"proxy-url": "http://p"}, {}, "has a proxy-url, which Convoy does not use"),
        (
            {"insecure-skip-tls-verify": True, "certificate-authority-data": "YQ=="},
            {},
            "exclude each other",
        ),
        ({"certificate-authority-data": "no!"}, {}, "certificate-authority-data is not base64"),
        ({"certificate-authority": "nowhere"}, {}, "cannot be read: No such file"),
        ({}, {"username": "a", "password": "b"}, "username and password, which Kubernetes no longer"),
        ({}, {"auth-provider": {"name": "gcp"}}, "auth-provider, which Kubernetes no longer has. Use exec."),
        ({}, {"client-key-data": "YQ=="}, "a client certificate or its key, but not both"),
        ({}, {"client-certificate-data": "?"}, "client-certificate-data is not base64"),
        ({}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1"}}, "are known"),
        ({}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, "has no command"),
        (
            {},
            {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "command": "a",
                    "interactiveMode": "Always",
                }
            },
            "asks for a terminal",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path, cluster, user, sentence):
    file = one_cluster(tmp_path / "config", user=user, **{"server": "https://a", **cluster})
    with pytest.raises(KubeconfigError) as caught:
        load_kubeconfig(file)
    assert sentence in str(caught.value)


async def test_broken_material_is_told_with_the_request_and_without_secrets(tmp_path):
    for cluster, user, sentence in (
        (
            {"certificate-authority-data": data("nonsense")},
            {},
            "certificate authority of cluster east is no PEM",
        ),
        (
            {},
            {"client-certificate-data": data("nonsense"), "client-key-data": data("hidden")},
            "the client certificate for cluster east and its key are no pair in PEM",
        ),
        ({}, {"tokenFile": "missing"}, "cannot be read: No such file or directory"),
    ):
        target = load_kubeconfig(one_cluster(tmp_path / "config", user=user, **cluster))
        with pytest.raises(KubeError, match="get of namespaces a in cluster east failed: ") as caught:
            await shown(target)
        assert sentence in str(caught.value)
        assert "hidden" not in str(caught.value)


async def test_credentials_are_not_sent_in_the_open(tmp_path):
    from tests.kit.api_server import running_api

    async with running_api() as api:
        target = load_kubeconfig(one_cluster(tmp_path / "config", server=api.url, user={"tokenFile": "none"}))
        async with KubeClient(target) as client:
            assert (await client.get(NAMESPACES, "default"))["kind"] == "Namespace"
