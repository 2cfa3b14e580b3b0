"""What `proxy-status` says below its table: refusals of Envoy, problems of objects."""

from convoy.cli.proxy_status import problem_lines, refusals

PROXY = {
    "proxy": "productpage-v1.default",
    "cluster": "cluster1",
    "types": [
        {"short_name": "CDS", "state": "SYNCED", "rejected": []},
        {
            "short_name": "LDS",
            "state": "NACKED",
            "rejected": [{"name": "0.0.0.0_9080", "version": "7", "detail": "error adding listener: no"}],
        },
    ],
}


def test_a_refused_resource_is_named_with_envoys_reason() -> None:
    assert refusals([PROXY]) == [
        "productpage-v1.default in cluster1 refused LDS 0.0.0.0_9080: error adding listener: no"
    ]


def test_a_problem_names_the_object_and_its_field() -> None:
    problem = {
        "cluster": "cluster1",
        "file": "",
        "line": 0,
        "kind": "VirtualService",
        "namespace": "default",
        "name": "x",
        "level": "error",
        "code": "CVY0103",
        "field": "spec.hosts",
        "message": "3 is a number, but a list is needed.",
    }
    assert problem_lines([problem]) == [
        "error in cluster1: VirtualService default/x, spec.hosts: 3 is a number, but a list is needed."
    ]
