#!/usr/bin/env python3
"""Plugs a device into a running guest by its open file, as a manager does that has the rights.

    plug_file.py SOCKET ADDRESS ID PORT
"""

import json
import os
import socket
import sys

path, address, name, port = sys.argv[1:]
client = socket.socket(socket.AF_UNIX)
client.connect(path)
client.settimeout(600)
lines = client.makefile("r")


def answer():
    """What comes next that is no event."""
    while True:
        line = json.loads(lines.readline())
        if "event" not in line:
            return line


def execute(command, arguments=None, file=None):
    message = json.dumps({"execute": command, "arguments": arguments or {}}).encode()
    socket.send_fds(client, [message], [] if file is None else [file])
    told = answer()
    if "return" not in told:
        sys.exit(f"{command}: {told}")


answer()
execute("qmp_capabilities")
node, = os.listdir(f"/sys/bus/pci/devices/{address}/vfio-dev")
for what, node_path in (("iommu", "/dev/iommu"), ("device", f"/dev/vfio/devices/{node}")):
    number = os.open(node_path, os.O_RDWR)
    execute("getfd", {"fdname": what}, number)
    os.close(number)
execute("object-add", {"qom-type": "iommufd", "id": f"iommu-{name}", "fd": "iommu"})
execute("device_add", {"driver": "vfio-pci", "bus": port, "fd": "device", "iommufd": f"iommu-{name}", "id": name})
execute("object-del", {"id": f"iommu-{name}"})
