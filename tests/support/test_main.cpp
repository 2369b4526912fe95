// The main function of unit tests: each process has a folder of its own, for the same tests run at
// once under several sanitizers.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

int main(int argc, char** argv) {
    std::string folder = std::filesystem::temp_directory_path() / "tenon-test-XXXXXX";
    // testing::TempDir() reads it.
    if (!::mkdtemp(folder.data()) || ::setenv("TEST_TMPDIR", folder.c_str(), 1) != 0) {
        fmt::print(stderr, "{}: {}\n", folder, std::generic_category().message(errno));
        return 1;
    }
    testing::InitGoogleMock(&argc, argv);
    const int failed = RUN_ALL_TESTS();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return failed;
}
