"""Domains of libvirt whose devices name no addresses, or only some, each with another thing for libvirt to place."""


def function(bus, number=0, inside=""):
    return (f"<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='{bus}' slot='0' "
            f"function='{number}'/></source>{inside}</hostdev>")


def address(bus, slot=0, number=0, multifunction=False):
    return (f"<address type='pci' domain='0' bus='{bus}' slot='{slot}' function='{number}'"
            f"{' multifunction=' + repr('on') if multifunction else ''}/>")


def controller(index, model, inside=""):
    return f"<controller type='pci' index='{index}' model='{model}'>{inside}</controller>"


def port(index, inside=""):
    return controller(index, "pcie-root-port", inside)


def disk(number, bus):
    return (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/disk{number}'/>"
            f"<target dev='{'vd' if bus == 'virtio' else 'sd'}{chr(97 + number)}' bus='{bus}'/></disk>")


def domain(devices, machine="q35", beside="", cpu="", memory="", after=""):
    return ("<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>vm</name>"
            f"<memory unit='GiB'>2</memory>{memory}<vcpu>2</vcpu><os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
            f"<features><acpi/><apic/>{beside}</features><cpu mode='host-passthrough'>{cpu}</cpu>"
            f"<devices>{devices}</devices>{after}</domain>")


NO_USB = "<controller type='usb' model='none'/>"
NO_BALLOON = "<memballoon model='none'/>"
DISPLAY = "<video><model type='vga'/></video>"
RANDOM = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
NODE = "<numa><cell id='0' cpus='0-1' memory='2' unit='GiB'/></numa>"
HOT_PLUG = "<maxMemory slots='4' unit='GiB'>16</maxMemory>"

DOMAINS = {
    "one function": domain(function(1)),
    "nothing that libvirt adds": domain(function(1) + NO_USB + NO_BALLOON),
    "no balloon": domain(function(1) + NO_BALLOON),
    "two functions of a card": domain(function(1) + function(1, 1)),
    "more than a slot of ports": domain("".join(function(bus) for bus in range(1, 10))),
    "one slot": domain(function(1, 0, address(1, 0, 0, True)) + function(1, 1, address(1, 0, 1))),
    "ports without places": domain(port(1) + port(2) + port(3) + function(1, 0, address(2))),
    "many ports": domain("".join(port(index) for index in range(1, 13)) + function(1)),
    "one port": domain(port(1) + NO_USB + NO_BALLOON + function(1)),
    "a port in a place": domain(port(1, address(0, 3, 1)) + function(1) + function(2)),
    "a port with a target": domain(port(1, "<target chassis='9' port='0x20' hotplug='off' memReserve='65536'/>") +
                                   function(1, 0, address(1))),
    "a bus that nobody described": domain(function(1, 0, address(9))),
    "the root bus alone": domain(NO_USB + NO_BALLOON + function(1, 0, address(0, 5))),
    "the root bus": domain(function(1, 0, address(0, 5)) + function(2)),
    "a switch": domain(port(1) + controller(2, "pcie-switch-upstream-port") + controller(3, "pcie-switch-downstream-port") +
                       controller(4, "pcie-switch-downstream-port") + function(1, 0, address(3)) + function(2, 0, address(4))),
    "a root of its own": domain(controller(1, "pcie-expander-bus", "<target busNr='200'/>") + port(2, address(1)) +
                                function(1, 0, address(2))),
    "a bridge in front of its port": domain(controller(1, "pcie-to-pci-bridge") + function(1, 0, address(1, 1))),
    "a bridge of old": domain(controller(1, "dmi-to-pci-bridge") + controller(2, "pci-bridge") + function(1, 0, address(2, 1))),
    "conventional devices": domain("<sound model='ich6'/><sound model='virtio'/><shmem name='a'><model type='ivshmem-plain'/>"
                                   "<size unit='M'>64</size></shmem>" + function(1)),
    "second SATA controller": domain("".join(disk(number, "sata") for number in range(8)) +
                                     "<controller type='sata' index='1'/>" + function(1)),
    "SCSI": domain("<controller type='scsi' model='virtio-scsi'/>" + disk(0, "scsi") + function(1)),
    "disks": domain(disk(0, "virtio") + disk(1, "virtio") + function(1)),
    "files, sockets, keys and a watchdog": domain(
        "<filesystem type='mount'><driver type='path'/><source dir='/tmp'/><target dir='t'/></filesystem>"
        "<vsock model='virtio'><cid auto='no' address='3'/></vsock><input type='keyboard' bus='virtio'/>"
        "<watchdog model='i6300esb'/>" + function(1)),
    "random numbers": domain(RANDOM + "<vsock model='virtio'><cid auto='no' address='3'/></vsock>" + function(1)),
    "a display": domain(DISPLAY + function(1)),
    "two displays": domain(DISPLAY + "<video><model type='virtio'/></video>" + function(1)),
    "no display": domain("<video><model type='none'/></video>" + function(1)),
    "USB of old": domain("<controller type='usb' index='0'/>" + function(1)),
    "USB of the chipset": domain("<controller type='usb' index='0' model='ich9-ehci1'/><controller type='usb' index='0' "
                                 "model='ich9-uhci1'><master startport='0'/></controller>" + function(1)),
    "an IOMMU": domain("<iommu model='intel'><driver intremap='on' caching_mode='on'/></iommu>" + function(1),
                       beside="<ioapic driver='qemu'/>"),
    "an IOMMU on the bus": domain("<iommu model='virtio'/>" + DISPLAY + function(1)),
    "iommufd": domain(function(1, 0, "<driver name='vfio' iommufd='yes'/>")),
    "a mediated device": domain("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address "
                                "uuid='00000000-0000-0000-0000-000000000001'/></source></hostdev>" + function(1)),
    "memory that comes and goes": domain(
        "<memory model='virtio-mem'><target><size unit='MiB'>512</size><node>0</node><block unit='MiB'>2</block>"
        "<requested unit='MiB'>0</requested></target></memory>" + function(1), cpu=NODE, memory=HOT_PLUG),
    "a hole": domain("<controller type='pci' index='0' model='pcie-root'><pcihole64 unit='GiB'>256</pcihole64></controller>" +
                     function(1)),
    "an alias and an override": domain(function(1, 0, "<alias name='ua-gpu'/>"), after=(
        "<qemu:override><qemu:device alias='ua-gpu'><qemu:frontend><qemu:property name='ats' type='string' value='off'/>"
        "</qemu:frontend></qemu:device></qemu:override>")),
    "QEMU's own words": domain(function(1), after=(
        "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{\"driver\":\"edu\",\"bus\":\"pcie.0\",\"addr\":\"9\"}'/>"
        "</qemu:commandline>")),
    "pc": domain(function(1) + function(2), "pc"),
    "pc without what libvirt adds": domain(NO_USB + NO_BALLOON + function(1), "pc"),
    "pc with a display": domain(DISPLAY + function(1), "pc"),
    "pc with a bridge": domain(controller(1, "pci-bridge") + function(1, 0, address(1, 3)), "pc"),
}
