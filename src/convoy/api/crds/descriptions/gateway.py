"""What the fields of Gateways mean, and of the TLS that servers speak."""

from collections.abc import Mapping

GATEWAY: Mapping[str, Mapping[str, str]] = {
    "GatewaySpec": {
        "servers": "Ports to listen on, with what they serve.",
        "selector": "Labels of the gateway pods, such as istio: ingressgateway.",
    },
    "Server": {
        "port": "The port to listen on.",
        "hosts": "The hosts served, also with a leading *; namespace/host says whose VirtualServices count.",
        "name": "Shown in messages.",
        "tls": "How connections are secured; for HTTPS and TLS it must be there.",
        "bind": "The address to listen on, or unix:// and a path; by default every address.",
        "defaultEndpoint": "Of no effect: there is no application beside a gateway.",
    },
    "GatewayPort": {
        "number": "The port of the gateway's Service.",
        "name": "Unique within the gateway.",
        "protocol": "The protocol that clients speak.",
        "targetPort": "Refused: the gateway's Service says it.",
    },
    "ServerTlsSettings": {
        "mode": "SIMPLE and MUTUAL end TLS, MUTUAL with a certificate of the client's, OPTIONAL_MUTUAL with "
        "one or without; ISTIO_MUTUAL ends the mesh's own; PASSTHROUGH ends none, and rules choose by SNI; "
        "AUTO_PASSTHROUGH sends other clusters' connections on to the service that their SNI names.",
        "httpsRedirect": "Whether plain requests are sent to https.",
        "serverCertificate": "A file in the proxy, with the server's certificate.",
        "privateKey": "A file in the proxy, with its key.",
        "caCertificates": "A file in the proxy, with the roots that clients must prove.",
        "caCrl": "A file in the proxy, with certificates that are revoked.",
        "credentialName": "A Secret of the gateway's namespace with certificate and key; for MUTUAL with "
        "roots, too, or with a second Secret NAME-cacert that has them.",
        "credentialNames": "Up to two Secrets, one with an RSA key and one with an ECDSA key.",
        "caCertCredentialName": "A Secret or ConfigMap that has only the roots.",
        "tlsCertificates": "Up to two pairs of files, one with an RSA key and one with an ECDSA key.",
        "subjectAltNames": "Names, one of which the client's certificate must have.",
        "verifyCertificateSpki": "SHA-256 of public keys, in base64, one of which the client must have.",
        "verifyCertificateHash": "SHA-256 of certificates, in hex, one of which the client must have.",
        "minProtocolVersion": "By default TLS 1.2.",
        "maxProtocolVersion": "By default TLS 1.3.",
        "cipherSuites": "Cipher suites up to TLS 1.2 by their names in OpenSSL; by default Envoy's.",
        "ecdhCurves": "Curves for the exchange of keys; by default Envoy's.",
        "insecureSkipVerify": "Whether any certificate of the client's will do.",
    },
    "TlsCertificate": {
        "serverCertificate": "A file in the proxy, with the server's certificate.",
        "privateKey": "A file in the proxy, with its key.",
        "caCertificates": "A file in the proxy, with roots that clients must prove, where the settings name "
        "none.",
    },
}
