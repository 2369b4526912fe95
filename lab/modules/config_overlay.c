// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Lays bytes of ours over the configuration space of real functions (domain 0), below everything that
 * looks at them: the PCI core, the IOMMU's driver, vfio-pci, sysfs and thereby lspci and setpci. An
 * emulated machine so gets functions that the emulator does not have.
 *
 *   rules=BB:DD.F@OFFSET=VALUE/MASK/WRITABLE[,...]
 *       One dword. Bits of MASK are answered from VALUE, the others by the function. A write changes the
 *       bits of WRITABLE in our value; the function keeps its own value of every bit in MASK. All
 *       numbers are hexadecimal. OFFSET is a multiple of 4, or counts from a capability: exp+24, pm+4,
 *       msi+0, msix+0.
 *   capabilities=BB:DD.F@OFFSET=NAME[/REGISTER][,...]
 *       Adds the extended capability NAME (acs, ats, pasid, pri, tph) at the end of the function's list,
 *       with REGISTER (hexadecimal) as its dword 4 in place of the usual one. A function without any
 *       extended capability (the lab's nvme and edu) takes its first at 100.
 *
 * Both can be given to insmod, and written again later to /sys/module/config_overlay/parameters: a later
 * rule for the same dword replaces that part. Whoever has read the function before (its driver, the IOMMU's
 * driver) has to look again: remove the function by sysfs and rescan.
 *
 * As in a function, a reset gives our values back: Function Level Reset of the function, Secondary Bus
 * Reset of a bridge above it. (Not the one by power states.)
 *
 * /sys/kernel/debug/config_overlay tells each dword: place, value now, value at reset, mask, writable
 * bits, number of writes that touched it, the value last written. The bytes themselves are what setpci reads.
 *
 * It cannot be unloaded: a reader may be inside at any time. It works with 6.1 and newer; nothing in it
 * depends on the kernel's configuration but debugfs, without which only that file is missing.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

struct dword {
	u8 bus, devfn;
	u16 offset;
	u32 value, at_reset, mask, writable;
	unsigned int writes;
	u32 written; /* the bits last written, in their place */
};

#define MAX_DWORDS 256
static struct dword dwords[MAX_DWORDS];
static unsigned int dword_count;
/* Guards dwords. x86 reads configuration space without the PCI core's own lock. */
static DEFINE_RAW_SPINLOCK(lock);

static struct pci_ops *hardware;
static struct pci_ops overlay;

static u32 size_mask(int size)
{
	return size == 4 ? ~0u : (1u << (size * 8)) - 1;
}

static struct dword *find_dword(u8 bus, unsigned int devfn, int offset)
{
	unsigned int i;

	for (i = 0; i < dword_count; i++)
		if (dwords[i].bus == bus && dwords[i].devfn == devfn && dwords[i].offset == (offset & ~3))
			return &dwords[i];
	return NULL;
}

static int overlay_read(struct pci_bus *bus, unsigned int devfn, int offset, int size, u32 *value)
{
	int error = hardware->read(bus, devfn, offset, size, value), shift = (offset & 3) * 8;
	struct dword *dword;
	unsigned long flags;

	if (error)
		return error;
	raw_spin_lock_irqsave(&lock, flags);
	dword = find_dword(bus->number, devfn, offset);
	if (dword)
		*value = ((*value & ~(dword->mask >> shift)) | ((dword->value & dword->mask) >> shift)) &
			 size_mask(size);
	raw_spin_unlock_irqrestore(&lock, flags);
	return 0;
}

/* Under the lock: gives the functions on buses first..last (devfn < 0), or one of them, their values. */
static void reset_dwords(u8 first, u8 last, int devfn)
{
	unsigned int i;

	for (i = 0; i < dword_count; i++)
		if (dwords[i].bus >= first && dwords[i].bus <= last && (devfn < 0 || dwords[i].devfn == devfn))
			dwords[i].value = dwords[i].at_reset;
}

/* Where the PCI Express capability of a function is, found by the bytes alone (no pci_dev needed). */
static int express_offset(struct pci_bus *bus, unsigned int devfn)
{
	u32 word = 0;
	int at, left;

	if (hardware->read(bus, devfn, PCI_STATUS, 2, &word) || !(word & PCI_STATUS_CAP_LIST) ||
	    hardware->read(bus, devfn, PCI_CAPABILITY_LIST, 1, &word))
		return 0;
	for (at = word & 0xfc, left = 48; at >= 0x40 && left; at = (word >> 8) & 0xfc, left--) {
		if (hardware->read(bus, devfn, at, 2, &word))
			return 0;
		if ((word & 0xff) == PCI_CAP_ID_EXP)
			return at;
	}
	return 0;
}

/* A write that resets takes our values with it. */
static void follow_resets(struct pci_bus *bus, unsigned int devfn, int offset, int size, u32 value)
{
	u32 header = 0, buses = 0;
	unsigned long flags;
	int express;

	if (offset <= PCI_BRIDGE_CONTROL && offset + size > PCI_BRIDGE_CONTROL) {
		if (!((value >> ((PCI_BRIDGE_CONTROL - offset) * 8)) & PCI_BRIDGE_CTL_BUS_RESET))
			return;
		hardware->read(bus, devfn, PCI_HEADER_TYPE, 1, &header);
		if ((header & 0x7f) != PCI_HEADER_TYPE_BRIDGE)
			return;
		hardware->read(bus, devfn, PCI_PRIMARY_BUS, 4, &buses);
		raw_spin_lock_irqsave(&lock, flags);
		reset_dwords((buses >> 8) & 0xff, (buses >> 16) & 0xff, -1);
		raw_spin_unlock_irqrestore(&lock, flags);
		return;
	}
	if (offset < PCI_STD_HEADER_SIZEOF || offset >= PCI_CFG_SPACE_SIZE)
		return;
	express = express_offset(bus, devfn);
	/* Initiate Function Level Reset is bit 7 of the register's second byte. */
	if (express && offset <= express + PCI_EXP_DEVCTL + 1 && offset + size > express + PCI_EXP_DEVCTL + 1 &&
	    (value >> ((express + PCI_EXP_DEVCTL + 1 - offset) * 8)) & 0x80) {
		raw_spin_lock_irqsave(&lock, flags);
		reset_dwords(bus->number, bus->number, devfn);
		raw_spin_unlock_irqrestore(&lock, flags);
	}
}

static int overlay_write(struct pci_bus *bus, unsigned int devfn, int offset, int size, u32 value)
{
	int shift = (offset & 3) * 8;
	u32 named = size_mask(size) << shift, mask = 0, own = 0;
	struct dword *dword;
	unsigned long flags;
	int error = 0;

	raw_spin_lock_irqsave(&lock, flags);
	dword = find_dword(bus->number, devfn, offset);
	if (dword && dword->mask & named) {
		mask = dword->mask;
		dword->value = (dword->value & ~(dword->writable & named)) |
			       ((value << shift) & dword->writable & named);
		dword->writes++;
		dword->written = (value << shift) & named;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	/* With nothing of the function's own in it the write ends here. */
	if (named & ~mask) {
		if (mask)
			error = hardware->read(bus, devfn, offset, size, &own);
		if (!error)
			error = hardware->write(bus, devfn, offset, size,
						(value & ~(mask >> shift)) | (own & (mask >> shift)));
	}
	follow_resets(bus, devfn, offset, size, value);
	return error;
}

/* For those who read through the address. Only the PCI core's generic accessors do; ours are above. */
static void __iomem *overlay_map(struct pci_bus *bus, unsigned int devfn, int offset)
{
	return hardware->map_bus(bus, devfn, offset);
}

static int add_dword(const struct dword *wanted)
{
	struct dword *dword;
	unsigned long flags;
	int error = 0;

	raw_spin_lock_irqsave(&lock, flags);
	dword = find_dword(wanted->bus, wanted->devfn, wanted->offset);
	if (!dword && dword_count < MAX_DWORDS) {
		dword = &dwords[dword_count++];
		*dword = (struct dword){ wanted->bus, wanted->devfn, wanted->offset };
	}
	if (dword) {
		dword->value = (dword->value & ~wanted->mask) | (wanted->value & wanted->mask);
		dword->at_reset = (dword->at_reset & ~wanted->mask) | (wanted->value & wanted->mask);
		dword->writable = (dword->writable & ~wanted->mask) | (wanted->writable & wanted->mask);
		dword->mask |= wanted->mask;
	} else {
		error = -ENOSPC;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return error;
}

/* "BB:DD.F@OFFSET" into *dword. */
static int parse_place(const char *text, struct dword *dword)
{
	static const struct { const char *name; int id; } names[] = {
		{ "exp+", PCI_CAP_ID_EXP }, { "pm+", PCI_CAP_ID_PM },
		{ "msi+", PCI_CAP_ID_MSI }, { "msix+", PCI_CAP_ID_MSIX },
	};
	unsigned int bus, device, function, offset, i;
	struct pci_dev *found;
	int read = 0, base = 0;

	if (sscanf(text, "%x:%x.%x@%n", &bus, &device, &function, &read) < 3 || !read || bus > 0xff ||
	    device > 0x1f || function > 7)
		return -EINVAL;
	*dword = (struct dword){ .bus = bus, .devfn = PCI_DEVFN(device, function) };
	text += read;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strncmp(text, names[i].name, strlen(names[i].name)))
			continue;
		found = pci_get_domain_bus_and_slot(0, bus, dword->devfn);
		base = found ? pci_find_capability(found, names[i].id) : 0;
		pci_dev_put(found);
		if (!base)
			return -ENODEV;
		text += strlen(names[i].name);
	}
	if (kstrtouint(text, 16, &offset) || base + offset > PCI_CFG_SPACE_EXP_SIZE - 4 || (base + offset) & 3)
		return -EINVAL;
	dword->offset = base + offset;
	return 0;
}

static int add_rule(char *text)
{
	char *values = strchr(text, '=');
	struct dword dword;
	int error;

	if (!values)
		return -EINVAL;
	*values++ = '\0';
	error = parse_place(text, &dword);
	if (error)
		return error;
	if (sscanf(values, "%x/%x/%x", &dword.value, &dword.mask, &dword.writable) != 3)
		return -EINVAL;
	return add_dword(&dword);
}

/* Extended capabilities by name: the dwords behind the header. PCIe Base Spec 6.0, 7.7.11, 7.8 and 10.5. */
static const struct {
	const char *name;
	u16 id;
	u8 version, count;
	struct { u32 value, writable; } registers[4];
} capabilities[] = {
	/* All controls there, all off. */
	{ "acs", PCI_EXT_CAP_ID_ACS, 1, 1, { { 0x0000005f, 0x005f0000 } } },
	/* Page aligned requests, global invalidate, queue of 32. */
	{ "ats", PCI_EXT_CAP_ID_ATS, 1, 1, { { 0x00000060, 0x801f0000 } } },
	/* 20 bits, execute permission, privileged mode. */
	{ "pasid", PCI_EXT_CAP_ID_PASID, 1, 1, { { 0x00001406, 0x00070000 } } },
	/* Status Stopped, PRG responses need PASID; 32 outstanding requests. */
	{ "pri", PCI_EXT_CAP_ID_PRI, 1, 3, { { 0x81000000, 0x00000003 }, { 32, 0 }, { 0, ~0u } } },
	/* Interrupt vector mode and device specific mode, no table of steering tags. */
	{ "tph", PCI_EXT_CAP_ID_TPH, 1, 2, { { 0x00000007, 0 }, { 0, 0x00000307 } } },
};

/* Links `added` behind the last extended capability; *added moves to 100 when there is none. */
static int link_capability(struct dword *added, u32 header)
{
	struct pci_bus *bus = pci_find_bus(0, added->bus);
	struct dword link = { added->bus, added->devfn, PCI_CFG_SPACE_SIZE };
	int left = (PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8;
	u32 word = 0;

	if (!bus)
		return -ENODEV;
	if (overlay_read(bus, added->devfn, link.offset, 4, &word) || word == ~0u)
		return -ENODEV;
	if (word == 0) {
		if (added->offset != PCI_CFG_SPACE_SIZE) {
			pr_err("config_overlay: the function's first extended capability has to be at 100\n");
			return -ERANGE;
		}
	} else {
		while (word >> 20 && left--) {
			link.offset = (word >> 20) & ~3;
			if (overlay_read(bus, added->devfn, link.offset, 4, &word))
				return -ENODEV;
		}
		link.value = (u32)added->offset << 20;
		link.mask = 0xfff00000;
		if (left < 0 || add_dword(&link))
			return -ELOOP;
	}
	added->value = header;
	return add_dword(added);
}

static int add_capability(char *text)
{
	char *name = strchr(text, '='), *value;
	struct dword dword;
	unsigned int i, k, given = 0;
	int error;

	if (!name)
		return -EINVAL;
	*name++ = '\0';
	value = strchr(name, '/');
	if (value) {
		*value++ = '\0';
		if (kstrtouint(value, 16, &given))
			return -EINVAL;
	}
	error = parse_place(text, &dword);
	if (error)
		return error;
	for (i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (strcmp(name, capabilities[i].name))
			continue;
		if (dword.offset < PCI_CFG_SPACE_SIZE ||
		    dword.offset + 4 * capabilities[i].count > PCI_CFG_SPACE_EXP_SIZE - 4)
			return -ERANGE;
		dword.mask = ~0u;
		error = link_capability(&dword, capabilities[i].id | capabilities[i].version << 16);
		for (k = 0; !error && k < capabilities[i].count; k++) {
			dword.offset += 4;
			dword.value = value && k == 0 ? given : capabilities[i].registers[k].value;
			dword.writable = capabilities[i].registers[k].writable;
			error = add_dword(&dword);
		}
		return error;
	}
	return -ENOENT;
}

/* The parameters given to insmod come before init: they wait here for the buses to be taken over. */
static char *early[2];

static int for_each_part(const char *text, int (*add)(char *))
{
	char *copy = kstrdup(text, GFP_KERNEL), *rest = copy, *part, *kept;
	int error = copy ? 0 : -ENOMEM;

	while (!error && (part = strsep(&rest, ", \n"))) {
		if (!*part)
			continue;
		kept = kstrdup(part, GFP_KERNEL);
		error = add(part);
		if (error)
			pr_err("config_overlay: '%s': error %d\n", kept ?: "", error);
		kfree(kept);
	}
	kfree(copy);
	return error;
}

static int set_parameter(const char *text, const struct kernel_param *parameter)
{
	bool is_rules = parameter->arg == &early[0];

	if (hardware)
		return for_each_part(text, is_rules ? add_rule : add_capability);
	kfree(early[!is_rules]);
	early[!is_rules] = kstrdup(text, GFP_KERNEL);
	return early[!is_rules] ? 0 : -ENOMEM;
}

static const struct kernel_param_ops parameter_ops = { .set = set_parameter };
module_param_cb(rules, &parameter_ops, &early[0], 0200);
MODULE_PARM_DESC(rules, "BB:DD.F@OFFSET=VALUE/MASK/WRITABLE,...");
module_param_cb(capabilities, &parameter_ops, &early[1], 0200);
MODULE_PARM_DESC(capabilities, "BB:DD.F@OFFSET=NAME[/REGISTER],...");

static int config_overlay_show(struct seq_file *file, void *unused)
{
	struct dword dword;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < READ_ONCE(dword_count); i++) {
		raw_spin_lock_irqsave(&lock, flags);
		dword = dwords[i];
		raw_spin_unlock_irqrestore(&lock, flags);
		seq_printf(file, "%02x:%02x.%x@%03x value %08x reset %08x mask %08x writable %08x writes %u last %08x\n",
			   dword.bus, PCI_SLOT(dword.devfn), PCI_FUNC(dword.devfn), dword.offset, dword.value,
			   dword.at_reset, dword.mask, dword.writable, dword.writes, dword.written);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(config_overlay);

/* A bus made later takes its parent's operations. */
static void take_over(struct pci_bus *bus)
{
	struct pci_bus *child;

	pci_bus_set_ops(bus, &overlay);
	list_for_each_entry(child, &bus->children, node)
		take_over(child);
}

static int __init config_overlay_init(void)
{
	struct pci_bus *root = pci_find_bus(0, 0);
	int error;

	if (!root)
		return -ENODEV;
	hardware = root->ops;
	overlay = *hardware;
	overlay.read = overlay_read;
	overlay.write = overlay_write;
	if (hardware->map_bus)
		overlay.map_bus = overlay_map;
	error = early[0] ? for_each_part(early[0], add_rule) : 0;
	if (!error && early[1])
		error = for_each_part(early[1], add_capability);
	kfree(early[0]);
	kfree(early[1]);
	if (error)
		return error;
	pci_lock_rescan_remove();
	take_over(root);
	pci_unlock_rescan_remove();
	debugfs_create_file("config_overlay", 0400, NULL, NULL, &config_overlay_fops);
	return 0;
}
module_init(config_overlay_init);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Overlays PCI configuration space in the virtual host");
