#!/usr/bin/env python3
"""Plugs a device into a running guest and removes it again, by the package qemu.qmp.

    qmp_client.py SOCKET ADDRESS PORT
"""

import asyncio
import os
import sys

from qemu.qmp import ExecuteError, QMPClient

path, address, port = sys.argv[1:]


def functions_of(buses):
    return {function["qdev_id"]: function for bus in buses for device in bus["devices"]
            for function in device.get("pci_bridge", {}).get("devices", [])}


async def expect_error(client, kind, command, arguments):
    try:
        answer = await client.execute(command, arguments)
    except ExecuteError as error:
        assert error.error_class == kind and str(error), (error.error_class, str(error))
        print(f"ok: {command}: {error}")
        return
    raise AssertionError(f"{command} {arguments} is answered by {answer}")


async def plug_and_remove(client, arguments):
    """A device by these arguments of device_add."""
    assert await client.execute("device_add", {"driver": "vfio-pci", "bus": port, **arguments}) == {}
    functions = functions_of(await client.execute("query-pci"))
    assert list(functions) == [arguments["id"]], functions
    found = functions[arguments["id"]]
    print(f"ok: {arguments['id']} is {found['id']['vendor']:04x}:{found['id']['device']:04x}, "
          f"{found['class_info'].get('desc', found['class_info']['class'])}")
    # The guest's driver is to have it for a while.
    await asyncio.sleep(5)
    with client.listener(("DEVICE_DELETED", "DEVICE_UNPLUG_GUEST_ERROR")) as events:
        assert await client.execute("device_del", {"id": arguments["id"]}) == {}
        event = await asyncio.wait_for(events.get(), 60)
    assert event["event"] == "DEVICE_DELETED", event
    assert event["data"] == {"device": arguments["id"], "path": f"/machine/peripheral/{arguments['id']}"}, event
    assert event["timestamp"]["seconds"] > 0, event
    assert functions_of(await client.execute("query-pci")) == {}
    print(f"ok: {arguments['id']} has gone")


async def main():
    client = QMPClient("virtual host")
    await client.connect(path)
    print(f"ok: connected to {(await client.execute('query-version'))['qemu']}")
    known = {command["name"] for command in await client.execute("query-commands")}
    assert {"device_add", "device_del", "getfd", "object-add", "query-pci"} <= known, known
    assert (await client.execute("query-status"))["status"] == "running"
    await expect_error(client, "DeviceNotFound", "device_del", {"id": "none"})
    await expect_error(client, "CommandNotFound", "none", {})
    await expect_error(client, "GenericError", "device_add", {"driver": "none", "bus": port})
    await plug_and_remove(client, {"host": address, "id": "by-address"})
    if os.path.exists("/dev/iommu"):
        # What an unprivileged process would be handed.
        node, = os.listdir(f"/sys/bus/pci/devices/{address}/vfio-dev")
        for name, file in (("iommu", "/dev/iommu"), ("device", f"/dev/vfio/devices/{node}")):
            number = os.open(file, os.O_RDWR)
            client.send_fd_scm(number)
            assert await client.execute("getfd", {"fdname": name}) == {}
            os.close(number)
        assert await client.execute("object-add", {"qom-type": "iommufd", "id": "iommu0", "fd": "iommu"}) == {}
        await plug_and_remove(client, {"fd": "device", "iommufd": "iommu0", "id": "by-file"})
        assert await client.execute("object-del", {"id": "iommu0"}) == {}
    await client.disconnect()


asyncio.run(main())
