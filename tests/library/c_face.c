/* The C face as a program in C meets it: c_face FOLDER-OF-CAPTURES */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/libtenon.h>
#include <unistd.h>

/* What programs were compiled with stays as it is. */
_Static_assert(sizeof(struct tenon_effect) == 56, "size of an effect");
_Static_assert(offsetof(struct tenon_effect, address) == 8, "its address");
_Static_assert(offsetof(struct tenon_effect, offset) == 16, "its offset");
_Static_assert(offsetof(struct tenon_effect, value) == 20, "its value");
_Static_assert(offsetof(struct tenon_effect, enabled) == 28, "whether it is on");
_Static_assert(offsetof(struct tenon_effect, allocation) == 48, "its allocation");
_Static_assert(sizeof(struct tenon_piece) == 4, "size of a piece");
_Static_assert(TENON_NOT_FOUND == 1 && TENON_NO_MEMORY == 7, "codes");
_Static_assert(TENON_REMOVE_BAR == 1 && TENON_ATOMICS == 11, "kinds of effects");
_Static_assert(TENON_SPACE_SIZE == 4096, "size of a space");

static int failed;
static char nvme[4096];
static char network[4096];

#define EXPECT(condition)                                                  \
    do {                                                                   \
        if (!(condition)) {                                                \
            printf("FAILED: %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            failed = 1;                                                    \
        }                                                                  \
    } while (0)

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* The plan of a recorded disk with the id "disk". */
static tenon_plan* plan_of_disk(void) {
    char word[5000];
    snprintf(word, sizeof word, "%s,id=disk,host-atomics=32+64", nvme);
    const char* words[] = {word, "--port=rp7,hotplug=off", "--memory", "1G"};
    tenon_error* error = NULL;
    tenon_plan* plan = tenon_plan_make(words, COUNT(words), &error);
    if (plan == NULL) printf("FAILED: %s\n", tenon_error_text(error));
    tenon_error_free(error);
    return plan;
}

static void plans_from_words(void) {
    tenon_plan* plan = plan_of_disk();
    if (plan == NULL) exit(1);
    tenon_error* error = (tenon_error*)1; /* Nothing that is there before is read. */
    char* json = tenon_plan_json(plan, &error);
    EXPECT(error == NULL);
    EXPECT(json != NULL && strstr(json, "\"rp7\"") != NULL);
    EXPECT(json != NULL && strstr(json, "\"disk\"") != NULL);
    EXPECT(tenon_plan_assignable(plan) == 1);
    tenon_text_free(json);
    tenon_plan_free(plan);
}

/* A failure of a function that returns a pointer: which code, and a word of its text. */
static void expect_failure(const void* made, tenon_error* error, int code, const char* text) {
    EXPECT(made == NULL);
    EXPECT(tenon_error_code(error) == code);
    if (strstr(tenon_error_text(error), text) == NULL) {
        printf("FAILED: \"%s\" says nothing of %s\n", tenon_error_text(error), text);
        failed = 1;
    }
    tenon_error_free(error);
}

/* The call first, then its error. */
#define EXPECT_FAILURE(call, code, text)         \
    do {                                         \
        const void* const made = (call);         \
        expect_failure(made, error, code, text); \
    } while (0)

static void says_what_is_wrong(void) {
    const char* unknown[] = {"--colour=blue"};
    const char* no_value[] = {nvme, "--port"};
    const char* a_value[] = {nvme, "--no-open=yes"};
    const char* no_file[] = {"/nowhere"};
    const char* null[] = {NULL};
    const char* two[] = {nvme, network};
    const char* place[] = {"--target=qemu,place=pc", nvme};
    const char* process[] = {"--pid=99999999999"};
    tenon_error* error = NULL;
    EXPECT_FAILURE(tenon_plan_make(unknown, 1, &error), TENON_MALFORMED, "--colour");
    EXPECT_FAILURE(tenon_plan_make(no_value, 2, &error), TENON_MALFORMED, "--port needs");
    EXPECT_FAILURE(tenon_plan_make(a_value, 2, &error), TENON_MALFORMED, "takes no value");
    EXPECT_FAILURE(tenon_plan_make(no_file, 1, &error), TENON_NOT_FOUND, "/nowhere");
    EXPECT_FAILURE(tenon_plan_make(null, 1, &error), TENON_MALFORMED, "null");
    EXPECT_FAILURE(tenon_plan_make(NULL, 3, &error), TENON_MALFORMED, "3 words");
    EXPECT_FAILURE(tenon_plan_make(NULL, 0, &error), TENON_MALFORMED, "no device");
    EXPECT_FAILURE(tenon_capture(NULL, 0, &error), TENON_MALFORMED, "no device");
    EXPECT_FAILURE(tenon_list(two, 2, &error), TENON_MALFORMED, "too many");
    EXPECT_FAILURE(tenon_check(NULL, 0, &error), TENON_MALFORMED, "one of FILE");
    EXPECT_FAILURE(tenon_check(place, 2, &error), TENON_MALFORMED, "--target");
    EXPECT_FAILURE(tenon_check(process, 1, &error), TENON_MALFORMED, "--pid");
    EXPECT(tenon_plan_make(no_file, 1, NULL) == NULL);
    EXPECT(tenon_error_code(NULL) == TENON_OK);
    EXPECT(strcmp(tenon_error_text(NULL), "") == 0);
}

static void names_what_failed_in_the_kernel(void) {
    const char* no_file[] = {"/nowhere"};
    tenon_error* error = NULL;
    EXPECT(tenon_list(no_file, 1, &error) == NULL);
    EXPECT(tenon_error_errno(error) == ENOENT);
    EXPECT(tenon_error_errno(NULL) == 0);
    tenon_error_free(error);
}

static void expect_text(char* text, tenon_error* error, const char* word) {
    EXPECT(error == NULL);
    EXPECT(text != NULL && strstr(text, word) != NULL);
    if (error != NULL) printf("  %s\n", tenon_error_text(error));
    tenon_text_free(text);
    tenon_error_free(error);
}

/* What `tenon plan` takes beside devices and ports. */
static void takes_all_words_of_plan(void) {
    char word[5000];
    snprintf(word, sizeof word, "%s,id=disk", nvme);
    const char* processes[] = {"--vhost-user", "/run/disk.sock,type=blk,id=blk",
                               "--net=user,id=net", "--vcpus=2", "--anonymize"};
    const char* qemu[] = {word, "--target=qemu-11.1,place=pc", "--no-open"};
    const char* both[] = {word, "--target=qemu", "--machine=qemu-11.1"};
    const char* version[] = {word, "--machine=QEMU 11.1"};
    const char* no_file[] = {word, "--iommufd=fd=9999"};
    tenon_error* error = NULL;
    tenon_plan* plan = tenon_plan_make(processes, COUNT(processes), &error);
    char* text = plan != NULL ? tenon_plan_json(plan, &error) : NULL;
    EXPECT(text != NULL && strstr(text, "\"blk\"") != NULL && strstr(text, "\"net\"") != NULL);
    EXPECT(text != NULL && strstr(text, "/run/disk.sock") == NULL);
    expect_text(text, error, "\"processors\": 2");
    tenon_plan_free(plan);

    plan = tenon_plan_make(qemu, COUNT(qemu), &error);
    text = plan != NULL ? tenon_plan_json(plan, &error) : NULL;
    expect_text(text, error, "QEMU 11.1");
    tenon_plan_free(plan);
    EXPECT_FAILURE(tenon_plan_make(both, 3, &error), TENON_MALFORMED, "give one of them");
    EXPECT_FAILURE(tenon_plan_make(version, 2, &error), TENON_MALFORMED, "no machine version");
    EXPECT_FAILURE(tenon_plan_make(no_file, 2, &error), TENON_NOT_FOUND, "9999");
}

static void captures_lists_and_checks(void) {
    const char* device[] = {nvme, "--no-open", "--anonymize"};
    const char* file[] = {network};
    const char* command[] = {"--target", "qemu", "--", "qemu-system-x86_64", "-m", "1G"};
    tenon_error* error = NULL;
    char* text = tenon_capture(device, COUNT(device), &error);
    expect_text(text, error, "\"anonymized\": true");
    text = tenon_list(file, COUNT(file), &error);
    expect_text(text, error, "\"moved_together\"");
    text = tenon_check(command, COUNT(command), &error);
    expect_text(text, error, "\"findings\"");
}

/* How many effects of this kind there are. */
static size_t count_kind(struct tenon_effects effects, uint32_t kind) {
    size_t count = 0;
    for (size_t n = 0; n < effects.count; ++n)
        if (effects.list[n].kind == kind) ++count;
    return count;
}

static void answers_a_guest(void) {
    tenon_plan* plan = plan_of_disk();
    tenon_error* error = NULL;
    tenon_space* space = tenon_plan_function_space(plan, "disk", &error);
    EXPECT(space != NULL && error == NULL);
    EXPECT_FAILURE(tenon_plan_function_space(plan, "other", &error), TENON_NOT_FOUND, "other");
    EXPECT_FAILURE(tenon_plan_function_space(plan, NULL, &error), TENON_MALFORMED, "null");
    EXPECT_FAILURE(tenon_plan_port_space(plan, "other", &error), TENON_NOT_FOUND, "other");
    tenon_plan_free(plan); /* The space outlives it. */

    struct tenon_effects effects;
    EXPECT(tenon_space_prepare(space, &effects) == TENON_OK);
    EXPECT(count_kind(effects, TENON_WRITE_DEVICE) == 1);
    EXPECT(effects.count > 0 && effects.list[0].offset == 0x04 && effects.list[0].size == 2);
    EXPECT(count_kind(effects, TENON_UPDATE_DEVICE) == 1);

    /* Memory Space Enable: both BARs come in where firmware put them, and go with a reset. */
    EXPECT(tenon_space_write(space, 0x04, 2, 0x0002, &effects) == TENON_OK);
    EXPECT(count_kind(effects, TENON_PLACE_BAR) == 2);
    const struct tenon_effect* placed = effects.list;
    while (placed < effects.list + effects.count && placed->address != 1ull << 36)
        ++placed;
    EXPECT(placed < effects.list + effects.count && placed->kind == TENON_PLACE_BAR);
    EXPECT(placed < effects.list + effects.count && placed->bar == 2);
    EXPECT((tenon_space_bytes(space)[0x04] & 2) == 2);
    EXPECT(tenon_space_reset(space, &effects) == TENON_OK);
    EXPECT(effects.count == 2 && effects.list[0].kind == TENON_REMOVE_BAR);

    /* Vendor and device are ours; an access that is none reads as ones and changes nothing. */
    struct tenon_piece pieces[2];
    EXPECT(tenon_space_read(space, 0, 4, 0) == 0x7e571b36u);
    EXPECT(tenon_space_pieces(space, 2, 4, pieces) == 0);
    EXPECT(tenon_space_read(space, 0xffff, 4, 0) == 0xffffffffu);
    EXPECT(tenon_space_write(space, 0xfffc, 4, 0, &effects) == TENON_OK && effects.count == 0);
    tenon_space_free(space);
}

static void answers_for_ports_and_bridge(void) {
    tenon_plan* plan = plan_of_disk();
    tenon_space* port = tenon_plan_port_space(plan, "rp7", NULL);
    tenon_space* bridge = tenon_plan_bridge_space(plan, NULL);
    struct tenon_effects effects;
    EXPECT(port != NULL && bridge != NULL);
    EXPECT((tenon_space_read(bridge, 0, 4, 0) & 0xffff) == 0x1b36);
    EXPECT(tenon_space_prepare(bridge, &effects) == TENON_OK && effects.count == 0);
    /* Secondary Bus Reset in Bridge Control. */
    EXPECT(tenon_space_write(port, 0x3e, 2, 0x0040, &effects) == TENON_OK);
    EXPECT(count_kind(effects, TENON_RESET_SECONDARY_BUS) == 1);
    tenon_space_free(port);
    tenon_space_free(bridge);
    tenon_plan_free(plan);
}

static void takes_null_where_it_frees(void) {
    tenon_error_free(NULL);
    tenon_text_free(NULL);
    tenon_plan_free(NULL);
    tenon_space_free(NULL);
}

/* Entries of a folder of this process. */
static int count_entries(const char* path) {
    DIR* folder = opendir(path);
    int count = 0;
    if (folder == NULL) return -1;
    while (readdir(folder) != NULL)
        ++count;
    closedir(folder);
    return count;
}

/* What a process has beside its memory, before and after everything above. */
struct traces {
    int files;
    int threads;
    sigset_t mask;
    void (*pipe)(int);
};

static struct traces traces_of_now(void) {
    struct traces now;
    memset(&now, 0, sizeof now);
    now.files = count_entries("/proc/self/fd");
    now.threads = count_entries("/proc/self/task");
    sigprocmask(SIG_SETMASK, NULL, &now.mask);
    struct sigaction pipe;
    sigaction(SIGPIPE, NULL, &pipe);
    now.pipe = pipe.sa_handler;
    return now;
}

int main(int count, char** words) {
    if (count != 2) return 2;
    snprintf(nvme, sizeof nvme, "%s/handmade-nvme.lspci", words[1]);
    snprintf(network, sizeof network, "%s/lab-igb.lspci", words[1]);
    EXPECT(tenon_version()[0] >= '0' && tenon_version()[0] <= '9');
    const struct traces before = traces_of_now();
    fflush(stdout);

    /* Whatever is printed goes into a file that stays empty. */
    FILE* printed = tmpfile();
    const int out = dup(1), err = dup(2);
    if (printed == NULL || out < 0 || err < 0) return 2;
    dup2(fileno(printed), 1);
    dup2(fileno(printed), 2);
    plans_from_words();
    says_what_is_wrong();
    names_what_failed_in_the_kernel();
    takes_all_words_of_plan();
    captures_lists_and_checks();
    answers_a_guest();
    answers_for_ports_and_bridge();
    takes_null_where_it_frees();
    fflush(stdout);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    rewind(printed);
    char line[500];
    while (fgets(line, sizeof line, printed) != NULL) {
        fputs(line, stdout);
        failed = 1;
    }
    fclose(printed);

    const struct traces after = traces_of_now();
    EXPECT(before.files == after.files);
    EXPECT(before.threads == after.threads);
    EXPECT(memcmp(&before.mask, &after.mask, sizeof before.mask) == 0);
    EXPECT(before.pipe == after.pipe);
    puts(failed ? "FAILED" : "ok: the C face");
    return failed;
}
