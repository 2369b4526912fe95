#include "cli/text/host_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What a live host says of an NVMe that was opened.
device::DeviceFacts live() {
    device::DeviceFacts facts{"01:00.0", device::Origin::Live};
    facts.address = pci::Address{.bus = 1};
    facts.physical = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
    facts.driver = std::string{"vfio-pci"};
    facts.group = device::GroupFacts{.number = 14};
    facts.reset_methods = std::vector<std::string>{"flr", "bus"};
    facts.numa_node = 1;
    facts.link = device::LinkFacts{
        .speed = "8.0 GT/s PCIe", .max_speed = "16.0 GT/s PCIe", .width = 4, .max_width = 4};
    facts.iommu.iova = std::vector<device::IovaRange>{{.first = 0, .last = 0xfedfffff},
                                                      {.first = 0xfef00000, .last = 0xffffffff}};
    facts.iommu.page_sizes = std::uint64_t{0x40201000};
    return facts;
}

std::string text_of(device::DeviceFacts facts) {
    const auto plan = model::machine::make_plan({.devices = {{.facts = std::move(facts)}}}).value();
    return render_host(plan.ports[0]->functions[0], *plan.ports[0], {.width = 200});
}

TEST(HostText, TellsWhatTheHostIsToAFunction) {
    EXPECT_THAT(
        text_of(live()),
        AllOf(HasSubstr("driver vfio-pci\n"), HasSubstr("IOMMU group 14, alone in it\n"),
              HasSubstr("its IOMMU translates 0x0-0xfedfffff, 0xfef00000-0xffffffff, in pages of "
                        "4 KiB, 2 MiB, 1 GiB\n"),
              HasSubstr("reset by function level reset (flr); if that fails by bus\n"),
              HasSubstr("NUMA node 1\n"),
              HasSubstr("link 8.0 GT/s PCIe x4 of 16.0 GT/s PCIe x4 that it could do; the guest's "
                        "port shows ")));
}

TEST(HostText, SaysWhatIsNotKnown) {
    auto facts = live();
    facts.iommu = {};
    facts.reset_methods = Unknown{"no such file"};
    facts.numa_node = -1;
    facts.link = Unknown{"no link"};

    EXPECT_THAT(text_of(std::move(facts)),
                AllOf(HasSubstr("addresses that its IOMMU translates not known: "),
                      HasSubstr("reset not known: no such file\n"),
                      HasSubstr("on no NUMA node that the host tells\n"), Not(HasSubstr("link"))));
}

TEST(HostText, WarnsOfAFunctionWithoutAReset) {
    auto facts = live();
    facts.reset_methods = std::vector<std::string>{};
    facts.iommu.page_sizes = ~std::uint64_t{0xfff};

    EXPECT_THAT(text_of(std::move(facts)),
                AllOf(HasSubstr("no reset: the next guest"), HasSubstr("any size from 4 KiB")));
}

TEST(HostText, IsEmptyForAFile) {
    auto facts = live();
    facts.origin = device::Origin::File;

    EXPECT_EQ(text_of(std::move(facts)), "");
}

TEST(DmaText, ComparesWhatIsNeededWithWhatIsAllowed) {
    const model::machine::DmaBudget user{.interface = device::Interface::Iommufd,
                                         .needed = 512 << 20,
                                         .allowed = 8 << 20,
                                         .mappings_needed = 1};
    model::machine::DmaBudget root{.interface = device::Interface::Group,
                                   .needed = 512 << 20,
                                   .allowed = 8 << 20,
                                   .applies = false,
                                   .mappings_needed = 2,
                                   .mappings_allowed = 65535};

    EXPECT_EQ(render_dma({user, root}, {.width = 200}),
              "Guest memory\n"
              "  iommufd: 512 MiB are locked while a device can reach them; 8 MiB are allowed, "
              "counted for all programs of this user together; 1 mapping\n"
              "  group interface: 512 MiB are locked while a device can reach them; no limit "
              "applies to this process, which has CAP_IPC_LOCK; 2 mappings; up to 65535 mappings "
              "are allowed\n\n");
    root.copies = 2;
    EXPECT_THAT(render_dma({root}, {.width = 200}),
                HasSubstr("512 MiB are locked while a device can reach them, in 2 IOMMU groups "
                          "together; no limit"));
    root.copies = 1;
    root.needed = 0;
    root.mappings_needed = 0;
    EXPECT_THAT(render_dma({root}, {.width = 200}),
                HasSubstr("all of it is locked while a device can reach it"));
    EXPECT_EQ(render_dma({}, {}), "");
}

}  // namespace
}  // namespace tenon::cli::text
