"""TLS contexts from key material in memory.

The ssl module reads keys from files only; an anonymous file in memory leaves nothing behind on any disk.
"""

import os
import ssl


def load_key_pair(context: ssl.SSLContext, key_pem: bytes, chain_pem: bytes) -> None:
    """Give a context a private key and its certificate chain; later handshakes use them."""
    descriptor = os.memfd_create("key-pair", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, key_pem + chain_pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def unverified_client_context() -> ssl.SSLContext:
    """A client that accepts any server: for probes that look at what a server does, never for real calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
