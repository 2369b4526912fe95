// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PCIe function whose DMA carries a PASID: "tenon-dma", 1234:11ed, with ATS, PASID and page requests.
 *
 * BAR 0: 00 "TDMA", 08 address, 10 length (up to 2048), 18 PASID, bit 31: there is one; 20 command: 1 memory to
 * buffer, 2 buffer to memory, 3 translation request, 4 page request; 28 result; 30 translated address, 38 its
 * permission; 40 responses to page requests, 48 the last one's code. 800 buffer. A reset clears them.
 */
#include "emulator.h"

#define EXPRESS 0x80

struct dma { void *device; struct dma *next; u64 address, length, pasid, result, translated, perm, responses, code; u8 buffer[2048];
	     void *notifier[2]; u8 region[2048] __attribute__((aligned(16))); };

static struct dma *all, *answered;
struct response { u16 group; u32 code; };
static void responded(void *notifier, const void *response)
{
	struct dma *d = answered;

	u32 words[2];
	memcpy(words, response, 8);
	d->responses++;
	d->code = words[0];
	trace("page group response %#x %#x", words[0], words[1]);
}

static void dma_command(struct dma *d, u64 command)
{
	bool has = d->pasid >> 31 & 1;
	u32 pasid = has ? d->pasid & 0xfffff : ~0u;
	char *as = pci_device_iommu_address_space(d->device);
	void *bus;
	u8 devfn;
	Entry entry = { 0 };
	u32 errors = 0;

	d->result = ~0ull;
	if (!(pci_default_read_config(d->device, 4, 2) & 4) || d->length > sizeof(d->buffer) ||
	    (has && !pcie_pasid_enabled(d->device))) {
		d->result = 0x100;
		return;
	}
	as -= 16;
	memcpy(&bus, as, 8);
	memcpy(&devfn, as + 8, 1);
	as = vtd_find_add_as(unit, bus, devfn, pasid);
	switch (command) {
	case 1: d->result = address_space_read_full(as + 16, d->address, plain, d->buffer, d->length); break;
	case 2: d->result = address_space_write(as + 16, d->address, plain, d->buffer, d->length); break;
	case 3:
		d->result = pci_ats_request_translation(d->device, pasid, false, false, d->address & ~0xfffull, 4096, false, &entry, 1, &errors);
		d->translated = entry.address;
		d->perm = entry.perm;
		break;
	case 4:
		answered = d;
		d->notifier[0] = responded;
		pci_pri_register_notifier(d->device, pasid, d->notifier);
		d->result = (u64)(int64_t)pci_pri_request_page(d->device, pasid, false, false, d->address & ~0xfffull, true, 5, true, true);
		break;
	}
}

static u64 dma_read(void *opaque, u64 at, unsigned size)
{
	struct dma *d = opaque;
	u64 value = 0, whole[] = { 0x414d4454, d->address, d->length, d->pasid, 0, d->result, d->translated, d->perm, d->responses, d->code };

	if (at >= 0x800)
		memcpy(&value, d->buffer + at - 0x800, size);
	else if (at / 8 < sizeof(whole) / 8)
		memcpy(&value, (char *)whole + at, size);
	return value;
}

static void dma_write(void *opaque, u64 at, u64 value, unsigned size)
{
	struct dma *d = opaque;

	if (at >= 0x800)
		memcpy(d->buffer + at - 0x800, &value, size);
	else if (at >= 8 && at < 0x20)
		memcpy((char *)&d->address + at - 8, &value, size);
	else if (at == 0x20)
		dma_command(d, value);
}

static const RegionOps dma_ops = { dma_read, dma_write, NULL, NULL, 2, { 1, 8, false, NULL }, { 1, 8, false } };

static void dma_realize(void *device, void **error)
{
	struct dma *d = calloc(1, sizeof(*d));

	require(d, "no memory");
	d->device = device;
	d->next = all;
	all = d;
	memory_region_init_io(d->region, device, &dma_ops, d, "tenon-dma", 4096);
	pci_register_bar(device, 0, 0, d->region);
	pcie_endpoint_cap_init(device, EXPRESS);
	pcie_cap_flr_init(device);
	pcie_ats_init(device, 0x100, true);
	pcie_pasid_init(device, 0x110, 20, true, true);
	pcie_pri_init(device, 0x120, 32, true);
}

static void reset(void *device)
{
	for (struct dma *d = all; d; d = d->next)
		if (d->device == device) {
			d->address = d->length = d->pasid = d->result = d->translated = d->perm = d->responses = d->code = 0;
			memset(d->buffer, 0, sizeof(d->buffer));
		}
}

static void dma_write_config(void *device, u32 at, u32 value, int size)
{
	pci_default_write_config(device, at, value, size);
	if (pci_default_read_config(device, EXPRESS + 8, 2) & 0x8000) /* Initiate Function Level Reset */
		reset(device);
	pcie_cap_flr_write_config(device, at, value, size);
}

static void dma_class_init(void *class, const void *data)
{
	static const u8 edu[] = { 0x34, 0x12, 0xe8, 0x11, 0x10, 0x00, 0xff, 0x00 };
	char *model = object_class_by_name("edu"), *found = NULL;
	u8 own[] = { 0x34, 0x12, 0xed, 0x11, 0x01, 0x00, 0xff, 0x00 };

	require(model, "no class edu");
	for (size_t at = 96; at < malloc_usable_size(model) - 8 && !found; at += 2)
		if (!memcmp(model + at, edu, sizeof(edu)))
			found = model + at;
	require(found, "the identity of edu is not found in its class");
	memcpy((char *)class + (found - model), own, sizeof(own));
	*(void **)((char *)class + (found - model) - 32) = dma_realize;
	*(void **)((char *)class + (found - model) - 8) = dma_write_config;
}

static const Interface dma_interfaces[] = { { "pci-express-device" }, { NULL } };
static const TypeInfo dma_type = { .name = "tenon-dma", .parent = "pci-device", .class_init = dma_class_init,
				   .interfaces = dma_interfaces };

void register_dma(void)
{
	type_register_static(&dma_type);
}
