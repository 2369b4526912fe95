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
    # Waits its turn where others wait to be let in; with a time limit it would not wait at all.
    one.connect(sys.argv[1])
    one.settimeout(200)
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

# Files with commands that do not take them, with half a command, and more than anybody may send.
GETFD = b'{"execute": "getfd", "arguments": {"fdname": "a"}}'
null = os.open("/dev/null", os.O_RDWR)
for files, data in ((1, HELLO + b'{"execute": "query-status"}'), (5, HELLO + GETFD * 3), (64, HELLO[:10]),
                    (100, HELLO), (253, b" " * 4000 + b"{no}")):
    one = client()
    try:
        socket.send_fds(one, [data], [null] * files)
    except (BrokenPipeError, ConnectionResetError):
        pass
# One whose file another command brought, and one who says no more.
one = client()
lines = one.makefile("rb")
lines.readline()
send(one, HELLO)
socket.send_fds(one, [b'{"execute": "query-status"}'], [null])
send(one, GETFD)
one.shutdown(socket.SHUT_WR)
answers = lines.readlines()
assert len(answers) == 3 and b"SCM_RIGHTS" in answers[2], answers
# Devices that are none, again and again, by clients that do not wait for the answer.
for _ in range(50):
    send(client(), HELLO + b'{"execute": "device_add", "arguments": {"driver": "vfio-pci", "host": "ff:1f.7"}}' * 20)
one = client()
lines = one.makefile("rwb")
lines.readline()
lines.write(b"no json\n" + HELLO)
lines.flush()
assert b'"error"' in lines.readline()
assert b'"return"' in lines.readline()
print("ok: clients that do it wrong")
