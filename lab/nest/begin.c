// SPDX-License-Identifier: GPL-2.0-or-later
/* Begins when the loader has preloaded it, before the program's own main. */
#include "emulator.h"

#define DEFINE(result, name, arguments) result(*name) arguments;
PROGRAM(DEFINE)
void *memory;
bool tracing;

void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("nest: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}

static bool registered;

static void register_types(void)
{
	register_dma();
	registered = true;
}

static void install(Notifier *notifier, void *data)
{
	require(registered, "types are not registered at stage 4");
	install_unit();
}

static Notifier installer = { install, NULL, NULL };

__attribute__((constructor)) static void begin(void)
{
#define FIND(result, name, arguments)                                                                                  \
	name = (result(*) arguments)dlsym(RTLD_DEFAULT, #name);                                                         \
	require(name, "no " #name);
	PROGRAM(FIND)
	memory = dlsym(RTLD_DEFAULT, "address_space_memory");
	require(memory, "no address_space_memory");
	tracing = getenv("TENON_NEST_TRACE");
	register_module_init(register_types, 4); /* MODULE_INIT_QOM: the table of types is made after us. */
	qemu_add_machine_init_done_notifier(&installer);
}
