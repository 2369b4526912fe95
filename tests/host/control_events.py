#!/usr/bin/env python3
"""Prints LISTENING, then the events of a control socket, one a line, until the other side hangs up.

    control_events.py SOCKET
"""

import json
import socket
import sys

client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
lines = client.makefile("rw")
assert "QMP" in json.loads(lines.readline())
print('{"execute": "qmp_capabilities"}', file=lines, flush=True)
for line in lines:
    message = json.loads(line)
    if "return" in message:
        print("LISTENING", flush=True)
    if "event" in message:
        assert message["timestamp"]["seconds"] > 0
        print(" ".join([message["event"]] + [json.dumps(message[key]) for key in ("data",) if key in message]),
              flush=True)
