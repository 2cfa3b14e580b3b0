"""Which VirtualService counts where several speak for one host."""

from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import GATEWAY, virtual_service
from tests.traffic.world import OUTSIDE

pytestmark = TRAFFIC

OLD, YOUNG, YOUNGEST = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"


def says(word: str, *, match: str = "", **more: str) -> str:
    condition = f"  match: [{match}]\n" if match else ""
    rule = f"{condition}  directResponse: {{status: 200, body: {{string: {word}}}}}"
    return virtual_service("-" + rule[1:], name=word, **more)


async def heard(lab: Lab, url: str, *, at: str = "") -> str:
    answer = await lab.get("client", url, at=at)
    return (answer.pod and "echo") or answer.body.decode() or str(answer.status)


@fields("VirtualService", "hosts")
async def test_the_most_specific_host_counts_then_the_oldest(lab: Lab) -> None:
    wide = says("wide", hosts='["*.svc.cluster.local"]', created=OLD)
    longer = says("longer", hosts='["*.default.svc.cluster.local"]', created=YOUNG)
    old = says("old", created=YOUNG)
    young = says("young", hosts="[echo.default.svc.cluster.local]", created=YOUNGEST)
    async with lab.applied(wide):
        assert await heard(lab, "http://echo:8000/") == "wide"
        async with lab.applied(longer):
            assert await heard(lab, "http://echo:8000/") == "longer"
            async with lab.applied(old, young):
                assert await heard(lab, "http://echo:8000/") == "old"
                assert await heard(lab, "http://echo.default:8000/", at="198.18.129.21") == "old"


async def test_rules_for_other_callers_make_way(lab: Lab) -> None:
    other = says("visitors", match="{sourceNamespace: other}", created=OLD)
    young = says("young", created=YOUNG)
    async with lab.applied(other, young):
        assert await heard(lab, "http://echo:8000/") == "young"
        visited = await lab.get("visitor", "http://echo.default:8000/")
        assert visited.body == b"visitors"


async def test_an_unknown_host_is_served_on_port_80_or_beside_a_known_one(lab: Lab) -> None:
    unknown = says("unknown", hosts="[unknown.test]")
    beside = says("beside", hosts="[beside.test, echo]")
    async with lab.applied(unknown, beside):
        assert await heard(lab, "http://unknown.test/", at=OUTSIDE) == "unknown"
        assert await heard(lab, "http://beside.test:8000/", at="198.18.129.21") == "beside"
        assert await heard(lab, "http://unknown.test:8000/", at=OUTSIDE) == "echo"


async def test_a_destination_that_does_not_exist_is_answered_503(lab: Lab) -> None:
    rule = virtual_service("- route: [{destination: {host: nowhere}}]")
    async with lab.applied(rule, clean=False):
        assert (await lab.get("client", "http://echo:8000/")).status == 503


@fields("VirtualService", "gateways")
async def test_at_a_gateway_the_rules_of_all_add_up(lab: Lab) -> None:
    bound = {"hosts": '["merged.test"]', "more": "gateways: [istio-system/front]"}
    rest = says("rest", created=OLD, **bound)
    old = says("old", match="{uri: {prefix: /a}}", created=YOUNG, **bound)
    young = says("young", match="{uri: {prefix: /a/b}}", created=YOUNGEST, **bound)
    own = says("own", match="{uri: {prefix: /own}}", created=YOUNGEST, **bound)
    async with lab.applied(GATEWAY, rest, old, young, own):
        for path, word in {"/a": "old", "/a/b": "old", "/own": "own", "/c": "rest"}.items():
            assert (await lab.gateway(f"http://merged.test{path}")).body.decode() == word
        assert (await lab.gateway("http://other.test/")).status == 404
