// One function, its bytes written in every way that programs write them and people paste them.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <functional>

#include "capture/text/dump.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture::text {
namespace {

// Of an NVMe controller: ids, a 64-bit BAR, a capability list, zeros of more than a row.
pci::ConfigImage image() {
    pci::ConfigImage config{256};
    config.write<std::uint32_t>(0x00, 0xa808144d);
    config.write<std::uint32_t>(0x04, 0x00100406);
    config.write<std::uint32_t>(0x08, 0x01080200);
    config.write<std::uint32_t>(0x10, 0xfc900004);
    config.write<std::uint8_t>(0x34, 0x40);
    config.write<std::uint32_t>(0x40, 0x00037001);
    config.write<std::uint32_t>(0x80, 0x20202020);
    return config;
}

constexpr std::string_view title = "0000:03:00.0 Non-Volatile memory controller";

unsigned at(std::size_t offset) { return image().read8(offset); }

// Rows of `size` bytes, each made by `row`.
std::string rows(const std::function<std::string(unsigned)>& row, unsigned size = 16) {
    std::string text;
    for (unsigned offset = 0; offset < 256; offset += size)
        text += row(offset) + "\n";
    return text;
}

std::string bytes(unsigned offset, unsigned count = 16, std::string_view between = " ") {
    std::string text;
    for (unsigned n = 0; n < count; ++n)
        text += fmt::format("{}{:02x}", n == 0 ? "" : between, at(offset + n));
    return text;
}

std::string lspci_row(unsigned offset) { return fmt::format("{:02x}: {}", offset, bytes(offset)); }

// Groups of `width` bytes, as numbers of a little-endian machine.
std::string words(unsigned offset, unsigned width) {
    std::string text;
    for (unsigned n = 0; n < 16; n += width) {
        text += ' ';
        for (unsigned byte = width; byte-- > 0;)
            text += fmt::format("{:02x}", at(offset + n + byte));
    }
    return text;
}

// As a program prints it that puts a star for rows like the one before, and an offset at the end.
std::string starred(const std::function<std::string(unsigned)>& row, const std::string& end) {
    std::string text;
    bool star = false;
    for (unsigned offset = 0; offset < 256; offset += 16) {
        const bool again = offset != 0 && bytes(offset) == bytes(offset - 16);
        if (!again)
            text += row(offset) + "\n";
        else if (!star)
            text += "*\n";
        star = again;
    }
    return text + end + "\n";
}

void expect_read(const std::string& text, std::string_view slot) {
    const auto functions = read_dump(text, "dump");
    ASSERT_TRUE(functions) << functions.error().what << "\n" << text;
    ASSERT_EQ(functions->size(), 1u) << text;
    const auto& function = functions->front();
    EXPECT_EQ(function.slot, slot);
    ASSERT_TRUE(function.config) << function.config.error().what << "\n" << text;
    EXPECT_EQ(*function.config, image()) << text;
}

// The text of lspci, each line with something in front and behind.
std::string around(std::string_view front, std::string_view behind = "") {
    const std::string text = fmt::format("{}{}{}\n", front, title, behind);
    return text + rows([&](unsigned offset) {
               return fmt::format("{}{}{}", front, lspci_row(offset), behind);
           });
}

TEST(Shapes, AreThoseOfLspci) {
    expect_read(around(""), "0000:03:00.0");
    for (const auto* const form : {"{:04x}: {}", "{:08x}: {}", "0x{:02x}: {}", "{:02X}:\t{}",
                                   "{:02x}:  {}", "{:02x}: {}  |................|"})
        expect_read(std::string{title} + "\n" + rows([&](unsigned offset) {
                        return fmt::format(fmt::runtime(form), offset, bytes(offset));
                    }),
                    "0000:03:00.0");
}

TEST(Shapes, HaveMarksInFront) {
    for (const auto* const front :
         {"> ", "> > ", ">>", "| ", "\xe2\x94\x82 ", "+", "&gt; ", "\xc2\xa0\t", "[    1.000000] ",
          "[Tue Dec  1 21:06:10 2026] ", "<6>[    1.0] ",
          "Dec 01 11:11:11 host bash[12]: ", "\x1b[32m", "**", "`"})
        expect_read(around(front), "0000:03:00.0");
}

TEST(Shapes, HaveOtherThingsBehind) {
    for (const auto* const behind : {"<br>", "\r", "`", "**", "=20", "\xc2\xa0", "\x1b[0m", "   ",
                                     "   <-- BAR 0", "  # why?", "&nbsp;"})
        expect_read(around("", behind), "0000:03:00.0");
}

TEST(Shapes, MayBeInOneLineOfHtml) {
    auto text = around("", "<br>");
    std::erase(text, '\n');
    expect_read("<pre>" + text + "</pre>", "0000:03:00.0");
}

TEST(Shapes, HaveNumbersOfLines) {
    unsigned number = 7;
    const auto numbered = [&](const std::string& line) {
        return fmt::format("{:4}  {}", ++number, line);
    };
    expect_read(numbered(std::string{title}) + "\n" +
                    rows([&](unsigned offset) { return numbered(lspci_row(offset)); }),
                "0000:03:00.0");
}

TEST(Shapes, AreCutInTwoByMail) {
    const auto wrapped = rows([](unsigned offset) {
        const auto row = "Dec 01 11:11:11 host kernel: [    1.0] " + lspci_row(offset);
        return row.substr(0, 75) + "=\n" + row.substr(75);
    });
    expect_read("Dec 01 11:11:11 host kernel: [    1.0] " + std::string{title} + "\n" + wrapped,
                "0000:03:00.0");
}

TEST(Shapes, AreThoseOfTheKernel) {
    unsigned line = 0;
    const auto stamped = [&](const std::string& text) {
        return fmt::format("[    0.{:06}] {}", ++line, text);
    };
    const auto head = stamped("pci 0000:03:00.0: config space:") + "\n";
    expect_read(head + rows([&](unsigned offset) {
                    return stamped(fmt::format("{:08x}: {}", offset, bytes(offset)));
                }),
                "0000:03:00.0");
    expect_read(head + rows(
                           [&](unsigned offset) {
                               return stamped(fmt::format("{:08x}: {}", offset, bytes(offset, 4)));
                           },
                           4),
                "0000:03:00.0");
    expect_read(stamped("pci 0000:03:00.0 config space:") + "\n" +
                    rows([&](unsigned offset) { return stamped("  " + lspci_row(offset)); }),
                "0000:03:00.0");
}

TEST(Shapes, AreThoseOfHexdump) {
    const auto canonical = [](unsigned offset) {
        return fmt::format("{:08x}  {}  {}  |....            |", offset, bytes(offset, 8),
                           bytes(offset + 8, 8));
    };
    expect_read(rows(canonical) + "00000100\n", "0");
    expect_read(starred(canonical, "00000100"), "0");
    expect_read(
        starred([](unsigned offset) { return fmt::format("{:07x}{}", offset, words(offset, 2)); },
                "0000100"),
        "0");
}

TEST(Shapes, AreThoseOfOd) {
    for (const unsigned width : {1, 2, 4, 8}) {
        for (const auto* const form : {"{:06x}", "{:07o}", "{:07d}"}) {
            const auto offset_text = [&](unsigned offset) {
                return fmt::format(fmt::runtime(form), offset);
            };
            expect_read(
                starred([&](unsigned offset) { return offset_text(offset) + words(offset, width); },
                        offset_text(256)),
                "0");
        }
        expect_read(rows([&](unsigned offset) { return words(offset, width); }), "0");
    }
}

TEST(Shapes, AreThoseOfXxd) {
    for (const unsigned width : {1, 2, 4}) {
        expect_read(rows([&](unsigned offset) {
                        std::string text = fmt::format("{:08x}:", offset);
                        for (unsigned n = 0; n < 16; n += width)
                            text += " " + bytes(offset + n, width, "");
                        return text + "  M.........ab cd.";
                    }),
                    "0");
    }
    expect_read(rows([](unsigned offset) {
                    return fmt::format("{:08x}:{}  ....", offset, words(offset, 4));
                }),
                "0");
    for (const unsigned size : {16, 32, 64, 256})
        expect_read(rows([&](unsigned offset) { return bytes(offset, size, ""); }, size), "0");
}

TEST(Shapes, NameTheFunctionByTheFile) {
    const auto dump =
        rows([](unsigned offset) { return fmt::format("{:08x}: {}", offset, bytes(offset)); });
    expect_read("/sys/bus/pci/devices/0000:03:00.0/config:\n" + dump, "0000:03:00.0");
    expect_read("# xxd -g1 /sys/bus/pci/devices/0000:03:00.0/config\n" + dump, "0000:03:00.0");
    expect_read("0000_03_00.0\n" + dump, "0000:03:00.0");
    expect_read("0000:03:00.0:\n" + dump, "0000:03:00.0");
    expect_read("0000:03:00.0\n" + bytes(0, 256, "") + "\n", "0000:03:00.0");
}

TEST(Shapes, MayHaveNoAddress) {
    expect_read("# lspci -xxx -s 03:00.0 | tail -n +2\n" + rows(lspci_row), "0");
}

TEST(Shapes, MayBeUtf16) {
    std::string wide = "\xff\xfe";
    for (const char letter : around("", "\r"))
        wide += std::string{letter, '\0'};
    expect_read(wide, "0000:03:00.0");
}

TEST(Shapes, AreReadInPiecesOfAnySize) {
    const auto text = around("> ", "<br>");
    for (const std::size_t piece : {1, 7, 64}) {
        DumpReader reader{"dump"};
        for (std::size_t from = 0; from < text.size(); from += piece)
            ASSERT_TRUE(reader.feed(std::string_view{text}.substr(from, piece)));
        EXPECT_EQ(reader.end().value()[0].config, image());
    }
}

}  // namespace
}  // namespace tenon::capture::text
