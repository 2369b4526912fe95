"""Opens a physical function through VFIO, sets its VF token, and holds it until standard input ends.

    hold_physical.py NODE UUID
"""

import fcntl
import os
import struct
import sys
import uuid

# Source: include/uapi/linux/vfio.h, include/uapi/linux/iommufd.h.
VFIO_DEVICE_FEATURE = 0x3B75
VFIO_DEVICE_BIND_IOMMUFD = 0x3B76
FEATURE_SET = 1 << 17
FEATURE_PCI_VF_TOKEN = 0

node, token = sys.argv[1:]
iommufd = os.open("/dev/iommu", os.O_RDWR)
device = os.open(node, os.O_RDWR)
fcntl.ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, struct.pack("=IIiI", 16, 0, iommufd, 0))
feature = struct.pack("=II", 24, FEATURE_SET | FEATURE_PCI_VF_TOKEN) + uuid.UUID(token).bytes
fcntl.ioctl(device, VFIO_DEVICE_FEATURE, feature)
open("/tmp/held", "w").close()
sys.stdin.read()
