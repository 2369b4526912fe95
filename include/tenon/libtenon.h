/*
 * libtenon for programs that are not in C++: the same plans, lists, checks and configuration
 * spaces.
 *
 * Words. What a function is asked for is told in the words of the program's command line, one
 * string each: {"65:00.0,ats=off", "--port=rp1,hotplug=off", "--memory", "4G"}. Options that print
 * in another form are no words here: answers are the JSON that `tenon COMMAND --json` prints.
 *
 * Ownership. What a function returns belongs to the caller, who gives it to the function whose name
 * ends in _free; each of these takes NULL. What is inside a handle lives as long as its comment
 * says. Arguments are read during the call and never kept.
 *
 * Errors. A function that can fail has a last argument `error`, which may be NULL. After a failure
 * it returns NULL or a code, and *error is an error of the caller's; after success *error is NULL.
 * Nothing is thrown, and no function prints, ends the process, changes masks or handlers of
 * signals, starts a thread or leaves a file open. errno may have changed after each of them.
 *
 * Threads. Functions may be called from several threads. A tenon_plan may be used by several at a
 * time, a tenon_space by one; an error, a text and what is being freed belong to one.
 *
 * Versions. Symbols have the version LIBTENON_0 in libtenon.so.0. Within it functions, values and
 * members of structs stay as they are; what is added has names of its own. A program that meets a
 * tenon_effect of a kind that it does not know was built for an older library, and must not go on.
 */
#ifndef TENON_LIBTENON_H
#define TENON_LIBTENON_H

#include <stddef.h>
#include <stdint.h>

#define TENON_C_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0": major, minor, patch. Lives as long as the library. */
TENON_C_API const char* tenon_version(void);

/* ---- Errors ---------------------------------------------------------------------------------- */

enum tenon_code {
    TENON_OK = 0,
    TENON_NOT_FOUND = 1,   /* A device, a file or a name that is not there. */
    TENON_DENIED = 2,      /* The kernel does not let this process. */
    TENON_UNSUPPORTED = 3, /* It cannot be done with this device, host or library. */
    TENON_MALFORMED = 4,   /* Words or a file that break a rule. */
    TENON_BUSY = 5,        /* In use. */
    TENON_IO = 6,          /* A step failed. */
    TENON_NO_MEMORY = 7
};

typedef struct tenon_error tenon_error;

/* Why: one of enum tenon_code. TENON_OK for NULL. */
TENON_C_API int tenon_error_code(const tenon_error* error);

/* errno of the system call that failed; 0: none did. 0 for NULL. */
TENON_C_API int tenon_error_errno(const tenon_error* error);

/* What failed on which object and what to do about it, one line in UTF-8 without its end. Names in
 * it are other people's: do not send it to a terminal unfiltered. Lives as long as `error`; "" for
 * NULL. */
TENON_C_API const char* tenon_error_text(const tenon_error* error);

TENON_C_API void tenon_error_free(tenon_error* error);

/* ---- Answers as text ------------------------------------------------------------------------- */

/* Frees a text that a function returned. */
TENON_C_API void tenon_text_free(char* text);

/* Everything that is known of devices, as the text of a file from which a plan can be made on any
 * machine (docs/capture.md). Words of `tenon capture`: DEVICE..., --no-open, --anonymize. A
 * function that is bound to vfio-pci and free is opened, which resets it, and given back. Errors:
 * TENON_MALFORMED, TENON_NOT_FOUND, or that of the step. */
TENON_C_API char* tenon_capture(const char* const* words, size_t count, tenon_error** error);

/* The functions of this host, or of the one that a file is of, as `tenon list --json` prints them.
 * Words of `tenon list`: FILE, --anonymize. Opens no device.
 * Errors: TENON_MALFORMED, TENON_NOT_FOUND, or that of the step. */
TENON_C_API char* tenon_list(const char* const* words, size_t count, tenon_error** error);

/* What is wrong with a manager's configuration, as `tenon check --json` prints it
 * (docs/check.schema.json). Words of `tenon check`: FILE, --pid, --host, --target, and behind "--"
 * a command. Opens no device. A FILE "-" is standard input, to its end. Errors: TENON_MALFORMED,
 * TENON_NOT_FOUND, or that of the step; findings are none. */
TENON_C_API char* tenon_check(const char* const* words, size_t count, tenon_error** error);

/* ---- Plans ----------------------------------------------------------------------------------- */

/* What a guest would see, decided once; nothing of it changes. */
typedef struct tenon_plan tenon_plan;

/* Reads what is known of each device and decides. Words of `tenon plan`: DEVICE..., VM.toml,
 * --device, --port, --machine, --viommu, --memory, --cpus, --target, --disk, --net, --share,
 * --vhost-user, --iommufd, --kvm, --no-open, --anonymize. A function that is bound to vfio-pci and
 * free is opened, which resets it, and given back. A device that cannot be assigned is no error.
 * Errors: TENON_MALFORMED, TENON_NOT_FOUND, or that of the step. */
TENON_C_API tenon_plan* tenon_plan_make(const char* const* words, size_t count,
                                        tenon_error** error);

/* 1: every function can be assigned and the machine has room for all; else 0, and the JSON says
 * why. */
TENON_C_API int tenon_plan_assignable(const tenon_plan* plan);

/* The whole plan as `tenon plan --json` prints it (docs/plan-json.md): the tree of the guest, with
 * ids of functions and names of ports. Errors: TENON_NO_MEMORY. */
TENON_C_API char* tenon_plan_json(const tenon_plan* plan, tenon_error** error);

/* Spaces that were made of the plan may outlive it. */
TENON_C_API void tenon_plan_free(tenon_plan* plan);

/* ---- Configuration space while a guest runs -------------------------------------------------- */

/* The space of one function, port or host bridge: a state machine without side effects. A guest's
 * access goes in; what has to be done comes out, in order, and the caller does it. See
 * tenon/config_space.hpp for the picture. */
typedef struct tenon_space tenon_space;

/* Bytes of a space. */
enum { TENON_SPACE_SIZE = 4096 };

/* Of the function with this id. Errors: TENON_NOT_FOUND; TENON_UNSUPPORTED: no guest can see it. */
TENON_C_API tenon_space* tenon_plan_function_space(const tenon_plan* plan, const char* id,
                                                   tenon_error** error);

/* Of the root port with this name. Errors: TENON_NOT_FOUND. */
TENON_C_API tenon_space* tenon_plan_port_space(const tenon_plan* plan, const char* name,
                                               tenon_error** error);

/* Of the host bridge at 00:00.0. Errors: TENON_NO_MEMORY. */
TENON_C_API tenon_space* tenon_plan_bridge_space(const tenon_plan* plan, tenon_error** error);

TENON_C_API void tenon_space_free(tenon_space* space);

/* A part of an access that has to be read from the device, naturally aligned. */
struct tenon_piece {
    uint16_t offset; /* Bytes. */
    uint16_t size;   /* 1, 2 or 4 bytes. */
};

/* Which parts of a read have to be fetched from the device: returns how many, 0 to 2, and fills as
 * many of `pieces`. An access is 1, 2 or 4 bytes inside one aligned dword: of others there is none.
 */
TENON_C_API size_t tenon_space_pieces(const tenon_space* space, uint16_t offset, uint8_t size,
                                      struct tenon_piece pieces[2]);

/* What the guest reads. `from_device` has the pieces, each shifted to its place in the access;
 * other bits do not matter. All ones where the access is none; see tenon_space_pieces(). */
TENON_C_API uint32_t tenon_space_read(const tenon_space* space, uint16_t offset, uint8_t size,
                                      uint32_t from_device);

enum tenon_effect_kind {
    TENON_REMOVE_BAR = 1,     /* bar, address: it leaves the guest's address space, first. */
    TENON_WRITE_DEVICE = 2,   /* offset, size, value: write it to the device in one access. */
    TENON_UPDATE_DEVICE = 3,  /* offset, mask, value: change these bits of a 16-bit register. */
    TENON_PLACE_BAR = 4,      /* bar, address: it enters the guest's address space. */
    TENON_INTERRUPTS = 5,     /* Look at MSI and MSI-X in tenon_space_bytes(), connect vectors. */
    TENON_RESET_FUNCTION = 6, /* Interrupts off, reset the device, tenon_space_prepare(). */
    TENON_RESET_SECONDARY_BUS = 7, /* Reset the functions below the port. */
    TENON_PASID = 8,               /* enabled, execute, privileged: for the guest's IOMMU. */
    TENON_ATS = 9,                 /* enabled, smallest_translation_unit: for the guest's IOMMU. */
    TENON_PAGE_REQUESTS = 10,      /* enabled, reset, allocation: for the guest's IOMMU. */
    TENON_ATOMICS = 11             /* enabled: for information; see effect::AtomicsChanged. */
};

/* One thing to do. Members that its kind does not name are 0. */
struct tenon_effect {
    uint32_t kind;    /* enum tenon_effect_kind */
    uint32_t bar;     /* 0 to 5; 6: the option ROM. */
    uint64_t address; /* Guest physical address, or port. */
    uint16_t offset;  /* In the device's configuration space: bytes, naturally aligned. */
    uint16_t size;    /* 1, 2 or 4 bytes. */
    uint32_t value;   /* Little-endian, as all of PCI. */
    uint32_t mask;
    uint32_t enabled; /* 0 or 1, as the next three. */
    uint32_t execute;
    uint32_t privileged;
    uint32_t reset;                     /* Forget requests that are pending. */
    uint32_t smallest_translation_unit; /* n: 4096 << n bytes. */
    uint32_t allocation;                /* Requests. */
    uint32_t reserved;
};

/* Things to do, in order. `list` is inside the space, until the next call with it that fills
 * effects. */
struct tenon_effects {
    const struct tenon_effect* list;
    size_t count;
};

/* The guest writes the low `size` bytes of `value`. Returns TENON_OK, or TENON_NO_MEMORY with no
 * effects: what the space holds is unclear then, and it can only be freed. */
TENON_C_API int tenon_space_write(tenon_space* space, uint16_t offset, uint8_t size, uint32_t value,
                                  struct tenon_effects* effects);

/* What to do to the device before the guest starts, and again after each reset of it. Returns as
 * tenon_space_write(). */
TENON_C_API int tenon_space_prepare(tenon_space* space, struct tenon_effects* effects);

/* The machine or the bus is reset: the space is as at the start. Returns as tenon_space_write(). */
TENON_C_API int tenon_space_reset(tenon_space* space, struct tenon_effects* effects);

/* Our own bytes as they are now, TENON_SPACE_SIZE of them; where the device answers they mean
 * nothing. Inside the space, until the next call that changes it. */
TENON_C_API const uint8_t* tenon_space_bytes(const tenon_space* space);

#ifdef __cplusplus
}
#endif

#endif
