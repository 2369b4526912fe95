#!/usr/bin/env python3
"""Clients of a control socket that send nonsense, too much, or nothing, and vanish.

    control_abuse.py SOCKET
"""

import os
import socket
import sys

HELLO = b'{"execute": "qmp_capabilities"}'


def client():
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(20)
    one.connect(sys.argv[1])
    return one


def send(one, data):
    try:
        one.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


silent = [client() for _ in range(10)]
for data in (b"\0" * 100_000, b"{" * 100_000, b'{"execute": "' + b"x" * 1_000_000, os.urandom(100_000),
             HELLO + b'{"execute": {"a": 1}}' * 1000, HELLO + b'{"execute": "query-pci"}' * 1000,
             HELLO + b'{"execute": "stop", "arguments": {"x": 1e999}, "id": [[[[1]]]]}',
             HELLO[:10]):
    send(client(), data)
for one in silent:
    one.close()
one = client()
lines = one.makefile("rwb")
lines.readline()
lines.write(b"no json\n" + HELLO)
lines.flush()
assert b'"error"' in lines.readline()
assert b'"return"' in lines.readline()
print("ok: clients that do it wrong")
