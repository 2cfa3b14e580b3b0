"""gRPC-Web: what browsers speak becomes gRPC in the proxy."""

from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: calls, namespace: default}
spec:
  clusterIP: 198.18.129.113
  selector: {app: echo, version: v1}
  ports: [{name: grpc-web, port: 7000}]
"""


async def test_calls_over_grpc_web_reach_a_grpc_server(lab: Lab) -> None:
    message = b"hello"
    body = b"\0" + len(message).to_bytes(4, "big") + message
    headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}
    async with lab.applied(SERVICE):
        for source, host in (("client", "calls"), ("outside", "198.18.1.21")):
            url = f"http://{host}:7000/lab.Echo/Say"
            answer = await lab.get(source, url, method="POST", headers=headers, body=body)
            assert (answer.status, answer.headers.get("content-type")) == (200, headers["content-type"]), (
                source
            )
            assert answer.body.startswith(b"\0\0\0\0\x0decho-v1 hello\x80")
            assert b"grpc-status:0" in answer.body
