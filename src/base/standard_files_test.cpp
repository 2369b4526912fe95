#include "base/standard_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon {
namespace {

// The first number that a new file gets in a process that lacks the standard files of `missing`, a
// bit each.
int first_number_without(unsigned missing) {
    const auto child = ::fork();
    if (child == 0) {
        for (int file = 0; file <= 2; ++file)
            if ((missing >> file & 1) != 0) ::close(file);
        const bool filled = fill_standard_files().has_value();
        ::_exit(filled ? ::open("/dev/zero", O_RDONLY | O_CLOEXEC) : 99);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardFiles, AreNeverANumberOfAnotherFile) {
    for (unsigned missing = 0; missing < 8; ++missing)
        EXPECT_GE(first_number_without(missing), 3) << missing;
}

TEST(StandardFiles, StayWhereTheyAre) {
    struct stat before{};
    struct stat after{};
    ASSERT_EQ(::fstat(STDOUT_FILENO, &before), 0);

    ASSERT_TRUE(fill_standard_files());

    ASSERT_EQ(::fstat(STDOUT_FILENO, &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
}

}  // namespace
}  // namespace tenon
