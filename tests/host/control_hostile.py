#!/usr/bin/env python3
"""Sends hostile messages to a control socket: commands with wrong arguments, broken JSON, bytes, depth, files.

    control_hostile.py SOCKET COUNT [SEED]
"""

import json
import os
import random
import select
import socket
import sys
import time

path, count = sys.argv[1], int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else time.time_ns() % 1_000_000
chance = random.Random(seed)
HELLO = b'{"execute": "qmp_capabilities"}'
# None that ends, stops or resets the guest by right.
COMMANDS = ["query-version", "query-commands", "query-status", "query-pci", "cont", "device_add", "device_del", "getfd",
            "closefd", "object-add", "object-del", "qmp_capabilities", "none", "", "quit\0"]
NAMES = ["driver", "host", "fd", "bus", "addr", "id", "iommufd", "fdname", "qom-type", "force", "", "x" * 200]
TEXTS = ["vfio-pci", "ff:1f.7", "0000:00:00.0", "../../etc/passwd", "/dev/vfio/vfio", "a", "", "\0", "0.9", "disk", "iommufd",
         "\ud7ff\u202e", "x" * 4000, "fd=0", "-1"]
BATCH = 40
SENT_FILES = os.open("/dev/null", os.O_RDWR)


def value(depth=0):
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind < 3:
        return chance.choice(TEXTS)
    if kind == 3:
        return chance.choice([0, -1, 2**63, 1e308, 2**64 - 1, 7])
    if kind == 4:
        return chance.choice([None, True, False])
    if kind == 5:
        return {}
    if kind == 6:
        return [value(depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(NAMES): value(depth + 1) for _ in range(chance.randrange(4))}


def command():
    message = {"execute": chance.choice(COMMANDS)}
    if chance.random() < 0.8:
        message["arguments"] = {chance.choice(NAMES): value() for _ in range(chance.randrange(5))}
    if chance.random() < 0.3:
        message["id"] = value()
    if chance.random() < 0.05:
        message = value()
    return json.dumps(message).encode("utf-8", "surrogatepass")


def broken():
    text = bytearray(command())
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(text) + 1)
        text[place:place + chance.randrange(3)] = bytes(chance.choices(b'{}[]",:\\\x00\xff0e', k=chance.randrange(3)))
    return bytes(text)


def message():
    kind = chance.random()
    if kind < 0.7:
        return command()
    if kind < 0.97:
        return broken()
    return chance.choice([os.urandom(64), b"[" * 40, b"{" * 31 + b"1", b'"' + b"x" * 5000, b"\0" * 50, b"1e99999"])


class Client:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(300)
        self.send(HELLO)
        self.left = chance.randrange(1, 3000)

    def send(self, data):
        """Whether all of it went; what comes meanwhile is read, for who does not read is not heard."""
        data = memoryview(data)
        while data:
            readable, writable, _ = select.select([self.socket], [self.socket], [], 300)
            if readable and not self.socket.recv(1 << 16):
                return False
            if writable:
                data = data[self.socket.send(data[:4096]):]
            if not readable and not writable:
                raise TimeoutError("nobody answers and nobody reads")
        return True

    def go_on(self):
        """Sends a batch; whether the client is of any use still."""
        try:
            if chance.random() < 0.02:
                socket.send_fds(self.socket, [command()], [SENT_FILES] * chance.choice([1, 2, 64, 100, 253]))
            self.left -= BATCH
            return self.send(b"\n".join(message() for _ in range(BATCH)) + b"\n") and self.left > 0
        except (BrokenPipeError, ConnectionResetError):
            return False


print(f"seed {seed}", flush=True)
clients = [Client() for _ in range(8)]
sent = 0
while sent < count:
    number = chance.randrange(len(clients))
    if not clients[number].go_on():
        clients[number].socket.close()
        clients[number] = Client()
    before, sent = sent, sent + BATCH
    if before * 10 // count != sent * 10 // count:
        print(f"{sent} messages", flush=True)
for one in clients:
    one.socket.close()
print(f"ok: {sent} hostile messages")
