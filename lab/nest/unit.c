// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The emulated Intel IOMMU learns scalable mode's second-stage and, if it may, NESTED translation beside first-stage,
 * with an IOTLB of its own that only invalidation descriptors empty, ATS and page requests for those.
 *
 * Nothing of the program is changed in place but one callback of a class. All places in its structures are found by
 * what they hold; whatever does not look as expected ends the program with a message.
 */
#include "emulator.h"

/* ---- the unit's registers. VT-d Specification 4.1, chapter 11 ---- */
enum { VER = 0, CAP = 8, ECAP = 0x10, GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, CCMD = 0x28, FSTS = 0x34, FECTL = 0x38,
       FEDATA = 0x3c, FEADDR = 0x40, IQH = 0x80, IQT = 0x88, IQA = 0x90, PQH = 0xc0, PQT = 0xc8, PQA = 0xd0, PRS = 0xdc,
       PECTL = 0xe0, PEDATA = 0xe4, PEADDR = 0xe8, IOTLB = 0xf8, FRCD = 0x220, SPACE = 0x230 };
#define UNIT 0xfed90000ull
#define NEST (1ull << 26)
#define SSTS (1ull << 46)
#define SMPWC (1ull << 48)

void *unit;
static u8 *registers;    /* its register image */
static void *own_region; /* its memory region */
static size_t region_at; /* of the IOMMU memory region in an address space of a function */
static Entry (*original)(void *, u64, u32, int);
static u64 ecap_set = SSTS;

static u32 get32(int at) { u32 v; memcpy(&v, registers + at, 4); return v; }
static u64 get64(int at) { u64 v; memcpy(&v, registers + at, 8); return v; }
static void set32(int at, u32 v) { memcpy(registers + at, &v, 4); }
static void set64(int at, u64 v) { memcpy(registers + at, &v, 8); }

static bool load(u64 address, void *into, size_t size)
{
	return address_space_read_full(memory, address, plain, into, size) == 0;
}

/* ---- the IOTLB: single pages, emptied by descriptors only ---- */
struct cached { u64 page, address; u32 pasid; u16 sid, did; u8 type, perm, valid; };
#define SLOTS 8192
static struct cached cache[SLOTS];

static struct cached *slot(u16 sid, u32 pasid, u64 address)
{
	u64 hash = (address >> 12) * 0x9e3779b97f4a7c15ull ^ ((u64)sid << 20 | pasid) * 0xc2b2ae3d27d4eb4full;

	return &cache[(hash >> 40) % SLOTS];
}

/* first > last: all addresses. pasid ~0u: all. did -1: all. */
static void empty(int did, u32 pasid, u64 first, u64 last, bool stage2_by_address)
{
	for (int i = 0; i < SLOTS; i++) {
		struct cached *c = &cache[i];

		if (!c->valid || (did >= 0 && c->did != did) || (pasid != ~0u && c->pasid != pasid))
			continue;
		if (first <= last && (!stage2_by_address || c->type == 2) && (c->page < first || c->page > last))
			continue;
		c->valid = 0;
	}
}

static void follow_descriptors(u64 tail)
{
	u64 iqa = get64(IQA), head = get64(IQH);
	u32 size = iqa & 0x800 ? 32 : 16, length = 4096u << (iqa & 7), left = length / 16;

	if (!(get32(GSTS) >> 26 & 1))
		return;
	tail &= length - 1;
	for (head &= length - 1; head != tail && left--; head = (head + size) & (length - 1)) {
		u64 d[2], first = 1, last = 0, pages;
		int type, granularity, did;

		if (!load((iqa & ~0xfffull) + head, d, 16))
			return;
		type = (d[0] & 15) | (d[0] >> 5 & 0x70);
		granularity = d[0] >> 4 & 3;
		did = d[0] >> 16 & 0xffff;
		pages = 1ull << (d[1] & 63);
		if (granularity == 3) {
			first = d[1] & ~0xfffull & ~((pages << 12) - 1);
			last = first + (pages << 12) - 1;
		}
		if (type == 2)
			empty(granularity == 1 ? -1 : did, ~0u, first, last, true);
		else if (type == 6)
			empty(did, d[0] >> 32 & 0xfffff, first, last, false);
		if (tracing && type != 4 && type != 5)
			trace("descriptor type %d granularity %d did %d pasid %llu address %#llx", type, granularity, did,
			      (unsigned long long)(d[0] >> 32 & 0xfffff), (unsigned long long)d[1]);
	}
}

/* ---- walks. VT-d Specification 4.1, 3.4 to 3.7 and chapter 9 ---- */
enum { READ = 1, WRITE = 2 };
struct request { u16 sid; u8 bus, devfn; bool has_pasid, ats; u32 pasid; u64 address; u32 access; };
struct answer { u64 address, size; u32 perm; u16 did; u8 type; bool quiet; };

static int second_stage(const u64 *pe, u64 gpa, u32 access, struct answer *out)
{
	int level = 2 + (pe[0] >> 2 & 7), top = level;
	u64 table = pe[0] & ~0xfffull, entry;
	u32 perm = READ | WRITE;

	if (level < 3 || level > 5)
		return 0x5b;
	if (gpa >> (12 + 9 * level))
		return 0x84;
	for (;; level--) {
		int shift = 12 + 9 * (level - 1);

		if (!load((table & 0xfffffffffffffull) + (gpa >> shift & 511) * 8, &entry, 8))
			return level == top ? 0x7b : 0x78;
		perm &= entry & 3;
		if (access & ~perm)
			return 0x79;
		if (level == 1 || (level <= 3 && entry >> 7 & 1)) {
			out->size = 1ull << shift;
			out->address = (entry & 0xffffffffff000ull & ~(out->size - 1)) | (gpa & (out->size - 1));
			out->perm = perm;
			return 0;
		}
		table = entry & 0xffffffffff000ull;
	}
}

static int first_stage(const u64 *pe, bool nested, u64 iova, u32 access, struct answer *out)
{
	int level = 4 + (pe[2] >> 2 & 3), top = level;
	u64 table = pe[2] & ~0xfffull & 0xfffffffffffffull, entry;
	u32 perm = READ | WRITE;
	int64_t above = (int64_t)iova >> (12 + 9 * level - 1);

	if (level > 5)
		return 0x5b;
	if (above != 0 && above != -1)
		return 0x80;
	for (;; level--) {
		int shift = 12 + 9 * (level - 1), error;
		struct answer at = { .address = table + (iova >> shift & 511) * 8 };
		u64 updated;
		bool leaf;

		if (nested && (error = second_stage(pe, at.address, READ, &at)))
			return error == 0x79 ? (level == top ? 0x75 : 0x76) : error;
		if (!load(at.address, &entry, 8))
			return level == top ? 0x73 : 0x70;
		if (!(entry & 1))
			return 0x71;
		if (!(entry & 4))
			return 0x81;
		if (!(entry & 2))
			perm &= ~WRITE;
		leaf = level == 1 || (level <= 3 && entry >> 7 & 1);
		if (access & ~perm)
			return 0x85;
		updated = entry | 0x20 | (leaf && access & WRITE ? 0x40 : 0);
		if (updated != entry) {
			if (nested && !(at.perm & WRITE))
				return 0x77;
			address_space_write(memory, at.address, plain, &updated, 8);
		}
		if (leaf) {
			u64 size = 1ull << shift, gpa = (entry & 0xffffffffff000ull & ~(size - 1)) | (iova & (size - 1));

			/* A page that is not dirty yet is cached for reads only, so that a write comes back here. */
			if (!(updated & 0x40))
				perm &= ~WRITE;
			if (!nested) {
				out->address = gpa;
				out->size = size;
				out->perm = perm;
				return 0;
			}
			error = second_stage(pe, gpa, access, out);
			if (error)
				return error;
			out->perm &= perm;
			if (out->size > size)
				out->size = size;
			return 0;
		}
		table = entry & 0xffffffffff000ull;
	}
}

/* 0, a fault reason, or -1: for the emulator's own code. */
static int walk(const struct request *r, struct answer *out)
{
	u64 root[2], context[4], directory, pe[8], table;
	u32 pasid;
	int error;

	if (!load((get64(RTADDR) & ~0xfffull) + r->bus * 16, root, 16))
		return 0x38;
	table = root[r->devfn >> 7];
	if (!(table & 1))
		return 0x39;
	if (!load((table & ~0xfffull) + (r->devfn & 127) * 32, context, 32))
		return 0x40;
	if (!(context[0] & 1))
		return 0x41;
	out->quiet = context[0] >> 1 & 1;
	if (r->has_pasid && !(context[0] >> 3 & 1))
		return 0x45;
	pasid = r->has_pasid ? r->pasid : context[1] & 0xfffff;
	if (pasid >> 6 >= 128u << (context[0] >> 9 & 7))
		return 0x46;
	if (!load((context[0] & ~0xfffull) + (pasid >> 6) * 8, &directory, 8))
		return 0x50;
	out->quiet |= directory >> 1 & 1;
	if (!(directory & 1))
		return 0x51;
	if (!load((directory & ~0xfffull) + (pasid & 63) * 64, pe, 64))
		return 0x58;
	out->quiet |= pe[0] >> 1 & 1;
	if (!(pe[0] & 1))
		return 0x59;
	out->did = pe[1] & 0xffff;
	out->type = pe[0] >> 6 & 7;
	switch (out->type) {
	case 1: error = first_stage(pe, false, r->address, r->access, out); break;
	case 2: error = second_stage(pe, r->address, r->access, out); break;
	case 3: error = first_stage(pe, true, r->address, r->access, out); break;
	case 4:
		if (!r->has_pasid)
			return -1;
		out->address = r->address;
		out->size = 4096;
		out->perm = READ | WRITE;
		error = 0;
		break;
	default: return 0x5b;
	}
	if (!error && out->type != 4 && out->address >= 0xfee00000 && out->address <= 0xfeefffff)
		error = 0x87;
	return error;
}

static void message(int address, int data)
{
	address_space_stl_le(memory, get32(address), get32(data), plain, NULL);
}

static void report(const struct request *r, int reason)
{
	u32 status = get32(FSTS);
	u64 high = get64(FRCD + 8);

	if (status & 1 || (high >> 63 && (high & 0xffff) == r->sid))
		return;
	if (high >> 63) {
		set32(FSTS, status | 1);
		return;
	}
	set64(FRCD, r->address & ~0xfffull);
	set64(FRCD + 8, 1ull << 63 | (u64) !(r->access & WRITE) << 62 | (u64)reason << 32 | r->sid |
				(r->has_pasid ? (u64)r->pasid << 40 | 1ull << 31 : 0));
	set32(FSTS, (status & ~0xff00u) | 2);
	if (status & 0x13)
		return;
	set32(FECTL, get32(FECTL) | 1u << 30);
	if (get32(FECTL) >> 31)
		return;
	message(FEADDR, FEDATA);
	set32(FECTL, get32(FECTL) & ~(1u << 30));
}

static bool recoverable(int reason)
{
	return reason == 0x51 || reason == 0x59 || (reason >= 0x70 && reason <= 0x73) || reason == 0x79 || reason == 0x80 ||
	       reason == 0x81 || reason == 0x85 || reason == 0x86;
}

static bool scalable(void)
{
	return get32(GSTS) >> 31 && get64(RTADDR) >> 10 & 1;
}

/* Fills *into; false: the emulator's own code is to answer. */
static bool resolve(struct request *r, Entry *into)
{
	struct cached *c = slot(r->sid, r->has_pasid ? r->pasid : 0, r->address);
	u64 page = r->address & ~0xfffull;
	struct answer a = { 0 };
	int reason;

	into->target = memory;
	into->pasid = r->has_pasid ? r->pasid : ~0u;
	into->mask = 0xfff;
	into->iova = page;
	if (c->valid && c->page == page && c->sid == r->sid && c->pasid == (r->has_pasid ? r->pasid : 0) &&
	    !(r->access & ~c->perm)) {
		into->address = c->address;
		into->perm = c->perm;
		return true;
	}
	reason = walk(r, &a);
	if (reason < 0)
		return false;
	if (a.type == 3 || reason || r->has_pasid)
		trace("%02x:%02x.%x pasid %d type %d did %d address %#llx access %u -> %#llx perm %u reason %#x", r->bus,
		      r->devfn >> 3, r->devfn & 7, r->has_pasid ? (int)r->pasid : -1, a.type, a.did,
		      (unsigned long long)r->address, r->access, (unsigned long long)a.address, a.perm, reason);
	if (reason) {
		into->perm = 0;
		into->address = 0;
		if (!a.quiet && !(r->ats && recoverable(reason)))
			report(r, reason);
		return true;
	}
	into->address = a.address & ~0xfffull;
	into->perm = a.perm;
	*c = (struct cached){ page, into->address, r->has_pasid ? r->pasid : 0, r->sid, a.did, a.type, a.perm, 1 };
	return true;
}

static struct request request_of(const char *as, u64 address, u32 access)
{
	struct request r = { .address = address, .access = access };
	void *bus;

	memcpy(&bus, as, 8);
	memcpy(&r.devfn, as + 8, 1);
	memcpy(&r.pasid, as + 12, 4);
	r.bus = pci_bus_num(bus);
	r.sid = r.bus << 8 | r.devfn;
	r.has_pasid = r.pasid != 0;
	return r;
}

/* In place of the class's callback. Index 1: translated requests. */
static Entry translate(void *region, u64 address, u32 flag, int index)
{
	struct request r;
	Entry entry;

	if (!scalable() || index == 1)
		return original(region, address, flag, index);
	r = request_of((char *)region - region_at, address, flag & WRITE ? WRITE : READ);
	if (!resolve(&r, &entry))
		return original(region, address, flag, index);
	return entry;
}

/* ---- in place of the bus's operations: ATS and page requests ---- */
enum { OPERATIONS = 15, ATS_REQUEST = 10, PAGE_REQUEST = 13 };
static void *operations[OPERATIONS];
static long (*original_ats)(void *, void *, int, u32, bool, bool, u64, size_t, bool, Entry *, size_t, u32 *);
static int (*original_page)(void *, void *, int, u32, bool, bool, u64, bool, u16, bool, bool);

static long ats_request(void *bus, void *opaque, int devfn, u32 pasid, bool privileged, bool execute, u64 address,
			size_t length, bool no_write, Entry *result, size_t room, u32 *errors)
{
	char *as = vtd_find_add_as(unit, bus, devfn, pasid);
	u64 end = address + length;
	size_t count = 0;

	if (!scalable())
		return original_ats(bus, opaque, devfn, pasid, privileged, execute, address, length, no_write, result, room, errors);
	*errors = 0;
	for (; address < end && count < room; address = (address | 0xfff) + 1) {
		struct request r = request_of(as, address, READ);
		Entry *e = &result[count++];

		r.ats = true;
		if (!no_write) { /* Write permission if there is, which makes the page dirty; else read only. */
			struct answer a = { 0 };

			r.access = READ | WRITE;
			if (walk(&r, &a) > 0)
				r.access = READ;
		}
		if (!resolve(&r, e))
			return original_ats(bus, opaque, devfn, pasid, privileged, execute, address, length, no_write, result, room, errors);
		if (!(e->perm & READ) || (!no_write && !(e->perm & WRITE)))
			++*errors;
	}
	return address < end ? -12 : (long)count;
}

static int page_request(void *bus, void *opaque, int devfn, u32 pasid, bool privileged, bool execute, u64 address,
			bool last, u16 group, bool read, bool write)
{
	char *as = vtd_find_add_as(unit, bus, devfn, pasid);
	struct request r = request_of(as, address, READ);
	u64 queue = get64(PQA), tail = get64(PQT) & 0x7ffe0, size = 32ull << ((queue & 7) + 7), next = (tail + 32) % size;
	u64 d[4] = { 0 };
	u32 status = get32(PRS);

	if (!scalable() || !r.has_pasid)
		return original_page(bus, opaque, devfn, pasid, privileged, execute, address, last, group, read, write);
	if (!(get64(ECAP) >> 29 & 1))
		return -1;
	if (status & 2)
		return -28;
	if (next == (get64(PQH) & 0x7ffe0)) {
		set32(PRS, status | 2);
	} else {
		struct cached *c = slot(r.sid, r.pasid, address);

		c->valid = 0;
		d[0] = 1 | 1 << 8 | (u64)r.sid << 16 | (u64)r.pasid << 32 | (u64)privileged << 53;
		d[1] = (u64)read | (u64)write << 1 | (u64)last << 2 | (u64)(group & 0x1ff) << 3 | (address & ~0xfffull);
		address_space_write(memory, (queue & ~0xfffull) + tail, plain, d, 32);
		set64(PQT, next);
		status = get32(PRS);
		set32(PRS, status | 1);
	}
	trace("page request %02x:%02x.%x pasid %u address %#llx", r.bus, r.devfn >> 3, r.devfn & 7, r.pasid,
	      (unsigned long long)address);
	if (!(status & 3)) {
		set32(PECTL, get32(PECTL) | 1u << 30);
		if (!(get32(PECTL) >> 31)) {
			set32(PECTL, get32(PECTL) & ~(1u << 30));
			message(PEADDR, PEDATA);
		}
	}
	return get32(PRS) & 2 ? -28 : 0;
}

/* ---- over the unit's registers ---- */
static int operation(unsigned size) { return size == 8 ? 3 : size == 4 ? 2 : size == 2 ? 1 : 0; }

static u64 unit_read(void *opaque, u64 at, unsigned size)
{
	u64 value = 0;

	memory_region_dispatch_read(own_region, at, &value, operation(size), plain);
	if (at < ECAP + 8 && at + size > ECAP && at >= ECAP)
		value |= ecap_set >> (at - ECAP) * 8 & (size == 8 ? ~0ull : (1ull << size * 8) - 1);
	return value;
}

static void unit_write(void *opaque, u64 at, u64 value, unsigned size)
{
	if (at == IQT)
		follow_descriptors(value);
	else if (at == CCMD + 4 || at == CCMD || at == IOTLB || at == IOTLB + 4 || at == GCMD)
		empty(-1, ~0u, 1, 0, false);
	memory_region_dispatch_write(own_region, at, value, operation(size), plain);
}

static const RegionOps unit_ops = { unit_read, unit_write, NULL, NULL, 2, { 1, 8, false, NULL }, { 1, 8, false } };

/* ---- installing ---- */
struct range { uintptr_t first, last; };
static int find_code(struct dl_phdr_info *info, size_t size, void *into)
{
	struct range *range = into;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			range->first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			range->last = range->first + info->dlpi_phdr[i].p_memsz;
		}
	return 1; /* The program is the first object. */
}

static bool is_code(struct range code, void *what)
{
	return (uintptr_t)what >= code.first && (uintptr_t)what < code.last;
}

void install_unit(void)
{
	char *region_class = object_class_by_name("intel-iommu-iommu-memory-region");
	char *abstract_class = object_class_by_name("iommu-memory-region");
	void *bus, *as_pasid;
	static u8 overlay[2048] __attribute__((aligned(16)));
	char *as;
	struct range code = { 0 };
	void **callback = NULL, **ops = NULL;
	u64 known[3] = { 0 }, cap = 0, ecap = 0;
	Section section;
	Entry entry;

	unit = object_resolve_path_type("", "intel-iommu", NULL);
	require(unit, "no intel-iommu");
	if (getenv("TENON_NEST") && !strcmp(getenv("TENON_NEST"), "nested"))
		ecap_set |= NEST | SMPWC;
	dl_iterate_phdr(find_code, &code);
	require(region_class && abstract_class, "no class of IOMMU memory regions");

	/* The register image, by what the registers read as. */
	require(load(UNIT + CAP, &cap, 8) && load(UNIT + ECAP, &ecap, 8) && load(UNIT + VER, known, 4), "no registers");
	known[1] = cap;
	known[2] = ecap;
	for (size_t at = 0; at + SPACE <= malloc_usable_size(unit); at += 8)
		if (!memcmp((char *)unit + at, known, sizeof(known))) {
			require(!registers, "two register images");
			registers = (u8 *)unit + at;
		}
	require(registers, "the register image is not found");
	if (!(ecap >> 43 & 1)) {
		say("scalable-mode is off: nothing to do");
		return;
	}

	/* A function's address space: bus, devfn, PASID, address space, then the IOMMU memory region. */
	bus = object_resolve_path("/machine/q35/pcie.0", NULL);
	require(bus, "no bus pcie.0");
	as = vtd_find_add_as(unit, bus, 0xf8, ~0u);
	as_pasid = vtd_find_add_as(unit, bus, 0xf8, 0x54321);
	require(*(void **)as == bus && as[8] == (char)0xf8 && *(u32 *)(as + 12) == 0 && *(u32 *)((char *)as_pasid + 12) == 0x54321 &&
			!strcmp(*(char **)(as + 32), "vtd-root"), "another layout of address spaces");
	for (size_t at = 16; at + 8 <= malloc_usable_size(as) && !region_at; at += 8)
		if (*(char **)(as + at) == region_class)
			region_at = at;
	require(region_at, "the IOMMU memory region is not found");

	/* The callback: the first code that the class has and the abstract one has not. */
	for (size_t at = 0; at < 256 && !callback; at += 8)
		if (!*(void **)(abstract_class + at) && is_code(code, *(void **)(region_class + at)))
			callback = (void **)(region_class + at);
	require(callback, "no callback");
	memcpy(&original, callback, 8);
	require(!(get32(GSTS) >> 31), "translation is on already");
	entry = original(as + region_at, 0x123456789abcull, WRITE, 0);
	require(entry.target == memory && entry.iova == 0x123456789000ull && entry.address == entry.iova && entry.mask == 0xfff &&
			entry.perm == 3 && entry.pasid == ~0u, "the callback answers otherwise");

	/* The bus's operations, before what they are called with. */
	for (size_t at = 96; at + 8 <= malloc_usable_size(bus) && !ops; at += 8)
		if (*(void **)((char *)bus + at) == unit)
			ops = *(void ***)((char *)bus + at - 8);
	require(ops, "the bus's operations are not found");
	for (int i = 0; i < OPERATIONS; i++) {
		operations[i] = ops[i];
		require(i == 5 || is_code(code, ops[i]) == !(i == 0 || i == 14), "operation %d of the bus", i);
	}
	memcpy(&original_ats, &ops[ATS_REQUEST], 8);
	memcpy(&original_page, &ops[PAGE_REQUEST], 8);

	section = memory_region_find(get_system_memory(), UNIT, SPACE);
	own_region = section.region;
	require(own_region && section.offset == 0 && section.address == UNIT, "no region of the registers");

	operations[ATS_REQUEST] = ats_request;
	operations[PAGE_REQUEST] = page_request;
	pci_setup_iommu(bus, operations, unit);
	memory_region_init_io(overlay, NULL, &unit_ops, NULL, "tenon-nest", SPACE);
	memory_region_add_subregion_overlap(get_system_memory(), UNIT, overlay, 1);
	*callback = translate;
	say("installed: image at %#lx of the unit, region at %#lx, callback at %#lx; ecap %#llx + %#llx",
	    (long)(registers - (u8 *)unit), (long)region_at, (long)((char *)callback - region_class), (unsigned long long)ecap,
	    (unsigned long long)(ecap_set & ~ecap));
}
