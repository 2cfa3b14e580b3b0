"""What an application in a pod sees: connects, asks and resolves as told in a JSON argument, prints JSON.

Each key of the argument is one question; the answer has the same key.
"""

import json
import os
import socket
import struct
import sys

import dns.message

MARK = 1337


def connect(address, port, *, mark=False, source=None):
    """The peer address the far side reports, or the error's name."""
    with socket.socket() as opened:
        opened.settimeout(5)
        if mark:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        if source:
            opened.bind((source, 0))
        try:
            opened.connect((address, port))
            return opened.recv(100).decode()
        except OSError as error:
            return type(error).__name__


def send_udp(address, port):
    with socket.socket(type=socket.SOCK_DGRAM) as opened:
        opened.settimeout(5)
        opened.sendto(b"hello", (address, port))
        return opened.recv(100).decode()


def ping(address):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as opened:
        opened.settimeout(5)
        head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, 1)
        total = sum(struct.unpack("!4H", head))
        checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        opened.sendto(head[:2] + struct.pack("!H", checksum) + head[4:], (address, 0))
        return opened.recv(200)[20] == 0


def ask(name, server, *, rdtype="A", port=53, tcp=False, mark=False, source_port=0):
    """(response code, addresses) of a DNS question."""
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    query = dns.message.make_query(name, rdtype)
    with socket.socket(type=kind) as opened:
        opened.settimeout(5)
        if mark:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        opened.bind(("0.0.0.0", source_port))
        opened.connect((server, port))
        wire = query.to_wire()
        opened.sendall(struct.pack("!H", len(wire)) + wire if tcp else wire)
        received = opened.recv(4096)
        reply = dns.message.from_wire(received[2:] if tcp else received)
    return [int(reply.rcode()), sorted(item.to_text() for rrset in reply.answer for item in rrset)]


def resolve(name):
    """What the pod's resolver finds, search list and all."""
    try:
        return sorted({entry[4][0] for entry in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)})
    except socket.gaierror as error:
        return str(error)


QUESTIONS = {"connect": connect, "send_udp": send_udp, "ping": ping, "ask": ask, "resolve": resolve}

if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps({key: QUESTIONS[how[0]](*how[1], **how[2]) for key, how in asked.items()}))
