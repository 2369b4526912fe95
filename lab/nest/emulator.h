// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a stock qemu-system-x86_64 exports, as a library that is preloaded into it finds it, and what its parts share.
 * No header of QEMU's is used: layouts are what a program of 64 bits makes of them, and are checked where they are used.
 */
#ifndef TENON_NEST_EMULATOR_H
#define TENON_NEST_EMULATOR_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;

typedef struct { void *target; u64 iova, address, mask; u32 perm, pasid; } Entry;
typedef struct { __int128 size; void *region; void *view; u64 offset, address; u64 flags; } Section;
typedef struct { u64 word; } Attrs;      /* A structure of 8 bytes, passed in a register. */
static const Attrs plain = { 1ull << 32 }; /* "unspecified" is its fifth byte. */
typedef struct Notifier { void (*notify)(struct Notifier *, void *); void *next, **previous; } Notifier;
typedef struct {
	u64 (*read)(void *, u64, unsigned);
	void (*write)(void *, u64, u64, unsigned);
	void *read_with_attrs, *write_with_attrs;
	u32 endian; /* 2: little */
	struct { u32 smallest, largest; bool unaligned; void *accepts; } valid;
	struct { u32 smallest, largest; bool unaligned; } implemented;
} RegionOps;
typedef struct { const char *type; } Interface;
typedef struct {
	const char *name, *parent;
	size_t instance_size, instance_align;
	void (*instance_init)(void *), (*instance_post_init)(void *), (*instance_finalize)(void *);
	bool abstract;
	size_t class_size;
	void (*class_init)(void *, const void *), (*class_base_init)(void *, const void *);
	const void *class_data;
	const Interface *interfaces;
} TypeInfo;

#define PROGRAM(F)                                                                                               \
	F(void, qemu_add_machine_init_done_notifier, (Notifier *))                                                \
	F(void *, object_resolve_path, (const char *, bool *))                                                    \
	F(void *, object_resolve_path_type, (const char *, const char *, bool *))                                 \
	F(void *, object_class_by_name, (const char *))                                                           \
	F(void, register_module_init, (void (*)(void), int))                                                      \
	F(void *, type_register_static, (const TypeInfo *))                                                       \
	F(void *, get_system_memory, (void))                                                                      \
	F(void, memory_region_init_io, (void *, void *, const RegionOps *, void *, const char *, u64))            \
	F(void, memory_region_add_subregion_overlap, (void *, u64, void *, int))                                  \
	F(Section, memory_region_find, (void *, u64, u64))                                                        \
	F(int, memory_region_dispatch_read, (void *, u64, u64 *, int, Attrs))                                     \
	F(int, memory_region_dispatch_write, (void *, u64, u64, int, Attrs))                                      \
	F(int, address_space_read_full, (void *, u64, Attrs, void *, u64))                                        \
	F(int, address_space_write, (void *, u64, Attrs, const void *, u64))                                      \
	F(void, address_space_stl_le, (void *, u64, u32, Attrs, void *))                                          \
	F(int, pci_bus_num, (void *))                                                                             \
	F(void, pci_setup_iommu, (void *, const void *, void *))                                                  \
	F(void, pci_register_bar, (void *, int, u8, void *))                                                      \
	F(u32, pci_default_read_config, (void *, u32, int))                                                       \
	F(void, pci_default_write_config, (void *, u32, u32, int))                                                \
	F(void, pcie_cap_flr_init, (void *))                                                                      \
	F(void, pcie_cap_flr_write_config, (void *, u32, u32, int))                                               \
	F(int, pcie_endpoint_cap_init, (void *, u8))                                                              \
	F(void, pcie_ats_init, (void *, u16, bool))                                                               \
	F(void, pcie_pasid_init, (void *, u16, u8, bool, bool))                                                   \
	F(void, pcie_pri_init, (void *, u16, u32, bool))                                                          \
	F(bool, pcie_pasid_enabled, (const void *))                                                               \
	F(void *, pci_device_iommu_address_space, (void *))                                                       \
	F(long, pci_ats_request_translation, (void *, u32, bool, bool, u64, size_t, bool, Entry *, size_t, u32 *)) \
	F(int, pci_pri_request_page, (void *, u32, bool, bool, u64, bool, u16, bool, bool))                       \
	F(void, pci_pri_register_notifier, (void *, u32, void *))                                                 \
	F(void *, vtd_find_add_as, (void *, void *, int, u32))
#define DECLARE(result, name, arguments) extern result(*name) arguments;
PROGRAM(DECLARE)
#undef DECLARE
extern void *memory; /* Its address space of the machine's memory. */

extern bool tracing;
void say(const char *format, ...);
#define trace(...) do { if (tracing) say(__VA_ARGS__); } while (0)
#define require(what, ...) do { if (!(what)) { say("cannot be used with this emulator: " __VA_ARGS__); _exit(3); } } while (0)

/* unit.c: the IOMMU's object, and what it does once the machine is made. */
extern void *unit;
void install_unit(void);
/* dma.c: the function. */
void register_dma(void);

#endif
