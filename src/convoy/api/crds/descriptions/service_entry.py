"""What the fields of ServiceEntries, WorkloadEntries and WorkloadGroups mean."""

from collections.abc import Mapping

_EXPORT = "The namespaces that see it: * for all, . for its own."
_PORT_NUMBER = "1 to 65535."

SERVICE_ENTRY: Mapping[str, Mapping[str, str]] = {
    "ServiceEntrySpec": {
        "hosts": "The names that clients call, such as reviews.default.global.",
        "addresses": "Virtual addresses of the hosts; any that nothing else has, such as 240.0.0.3.",
        "ports": "The ports that clients call.",
        "location": "MESH_INTERNAL for workloads that speak the mesh's mutual TLS, MESH_EXTERNAL for others.",
        "resolution": "STATIC: the endpoints' addresses are IPs. DNS: they are names, or the host itself is.",
        "endpoints": "Where the service is; with DNS and none, the hosts are looked up themselves.",
        "workloadSelector": "Pods and WorkloadEntries that are its endpoints.",
        "exportTo": _EXPORT,
        "subjectAltNames": "Identities, one of which the endpoints must prove.",
    },
    "ServiceEntryPort": {
        "number": _PORT_NUMBER,
        "name": "Unique within the entry; endpoints refer to it.",
        "protocol": "HTTP, HTTP2, GRPC, HTTPS, TLS, TCP and others; without it the name's prefix says it.",
        "targetPort": "The endpoints' port, when it is another.",
    },
    "WorkloadEntrySpec": {
        "address": "An IP address, unix:// and a path, or a DNS name where the resolution is DNS.",
        "ports": "Names of the service's ports to this address's own ports, such as 15443 of a gateway.",
        "labels": "What subsets of a DestinationRule choose by.",
        "network": "The network that the endpoint is on.",
        "locality": "region/zone/subzone.",
        "weight": "Its share of the requests, relative to the other endpoints.",
        "serviceAccount": "The account that it runs as.",
    },
    "WorkloadGroupSpec": {
        "template": "What the WorkloadEntries of the group begin with.",
        "metadata": "Labels and annotations of those entries.",
        "probe": "How a workload is asked whether it is ready.",
    },
    "GroupMetadata": {
        "labels": "What subsets, selectors and services choose by.",
        "annotations": "Free text by name.",
    },
    "ReadinessProbe": {
        "initialDelaySeconds": "How long to wait before the first.",
        "timeoutSeconds": "How long an answer may take; by default 1.",
        "periodSeconds": "How often to ask; by default 10.",
        "successThreshold": "How many good answers in a row make it ready; by default 1.",
        "failureThreshold": "How many bad ones in a row make it not ready; by default 3.",
        "httpGet": "Ready is who answers a GET with 200 to 399.",
        "tcpSocket": "Ready is who takes a connection.",
        "exec": "Ready is where the command succeeds.",
        "grpc": "Ready is who says so by gRPC's health protocol.",
    },
    "HttpGetProbe": {
        "port": "The port to ask.",
        "path": "The path to ask for.",
        "host": "The address to ask; by default the workload's.",
        "scheme": "HTTP, the default, or HTTPS.",
        "httpHeaders": "Headers of the request.",
    },
    "HttpHeader": {
        "name": "The header's name.",
        "value": "Its value.",
    },
    "TcpSocketProbe": {
        "port": "The port to connect to.",
        "host": "The address to connect to; by default the workload's.",
    },
    "ExecProbe": {
        "command": "The program and its arguments, without a shell.",
    },
    "GrpcProbe": {
        "port": "The port to ask.",
        "service": "The service to ask about; by default the server as a whole.",
    },
}
