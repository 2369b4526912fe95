#include "cli/text/proposal_text.hpp"

#include <gtest/gtest.h>

namespace tenon::cli::text {
namespace {

TEST(ProposalText, IsEmptyWithoutProposals) { EXPECT_EQ(render_proposals({}, {}), ""); }

TEST(ProposalText, TellsWhatIsProposedAndWhy) {
    const model::slot::SlotProposal proposal{
        .host = "0000:0b:00",
        .slots = {{.port = "a",
                   .functions = {{.host = "0000:0b:00.0", .function = 0},
                                 {.host = "0000:0b:00.1", .function = 1, .why = {"gated"}}},
                   .why = {"one IOMMU group (1)"}},
                  {.port = "b",
                   .functions = {{.host = "0000:0b:00.3", .function = 0}},
                   .why = {"reset"}}},
        .bound = {{.hosts = {"0000:0b:00.0", "0000:0b:00.1"}, .why = "one group"}},
        .left_out = {{.host = "0000:0b:00.2", .reason = {.what = "a bridge"}}},
        .unknowns = {"AtomicOps of 0000:0b:00.3"},
        .arguments = {"--port", "a", "--device", "0b:00.0,port=a,function=0"}};

    EXPECT_EQ(render_proposals({proposal}, {.width = 100}), R"(Proposal for host slot 0000:0b:00
  Root port a
    function 0: 0000:0b:00.0
    function 1: 0000:0b:00.1
      gated
    together: one IOMMU group (1)
  Root port b
    function 0: 0000:0b:00.3
    alone: reset
  Belong to one guest
    0000:0b:00.0, 0000:0b:00.1: one group
  Left out
    0000:0b:00.2: a bridge
  Not known
    AtomicOps of 0000:0b:00.3
  As arguments of plan and run
    --port a \
    --device 0b:00.0,port=a,function=0

)");
}

}  // namespace
}  // namespace tenon::cli::text
