#include "base/undo.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tenon {
namespace {

TEST(Undo, RunsBackwardsWhenNotCommitted) {
    std::string order;
    {
        Undo undo;
        undo.add([&] { order += 'a'; });
        undo.add([&] { order += 'b'; });
    }
    EXPECT_EQ(order, "ba");
}

TEST(Undo, KeepsEverythingOnceCommitted) {
    std::string order;
    {
        Undo undo;
        undo.add([&] { order += 'a'; });
        undo.commit();
    }
    EXPECT_EQ(order, "");
}

TEST(Undo, RunsEachActionOnce) {
    int runs = 0;
    {
        Undo undo;
        undo.add([&] { ++runs; });
        undo.run();
    }
    EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace tenon
