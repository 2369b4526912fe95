#include "managed/qemu/command_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "managed/qemu/config_file.hpp"
#include "managed/qemu/known_options.hpp"
#include "managed/qemu/option_text.hpp"
#include "managed/qemu/property_types.hpp"

namespace tenon::managed::qemu {
namespace {

using said::Configuration;
using said::Form;
using said::Mistake;
using said::Properties;

// Takes options, one after the other.
class Reader {
public:
    Reader(Configuration& configuration, const ReadFile& read_file)
        : to_{configuration}, read_file_{read_file} {}

    void read(const std::vector<Word>& words) {
        for (std::size_t n = 0; n < words.size(); ++n) {
            const auto& word = words[n];
            if (word.variable)
                note(word, "has a variable of the shell, whose value is not known here");
            if (!is_option(word)) continue;  // A disk.
            const auto name = name_of(word);
            const auto argument = find_option(name);
            const bool more = n + 1 < words.size();
            if (!argument) {
                note(word, "is no option that is known here");
                if (more && !is_option(words[n + 1])) ++n;
            } else if (*argument == Argument::None) {
                take_alone(name);
            } else if (!more) {
                ++options_;
                refuse(word, "has no argument");
            } else {
                ++n;
                if (words[n].variable)
                    note(words[n], "has a variable of the shell, whose value is not known here");
                take(name, words[n]);
            }
        }
    }

    std::size_t options() const { return options_; }

private:
    static bool is_option(const Word& word) {
        return word.text.size() > 1 && word.text.starts_with('-');
    }

    static std::string_view name_of(const Word& word) {
        std::string_view name{word.text};
        name.remove_prefix(name.starts_with("--") ? 2 : 1);
        return name;
    }

    void note(const Word& word, std::string what) {
        if (to_.unknown.size() >= said::most_notes) return;
        const auto same = [&](const said::Note& one) {
            return one.word == word.text && one.what == what;
        };
        if (std::ranges::any_of(to_.unknown, same)) return;
        to_.unknown.push_back({.place = word.place, .word = word.text, .what = std::move(what)});
    }

    // Whether one more can be had.
    template <typename List>
    bool has_room(const List& list, const Word& word) {
        if (list.size() < said::most_options) return true;
        note({.text = "…", .place = word.place}, "and more of its kind is not read");
        return false;
    }

    void refuse(const Word& word, std::string what, Mistake::Kind kind = Mistake::Kind::Syntax) {
        if (to_.mistakes.size() >= said::most_notes) return;
        to_.mistakes.push_back(
            {.kind = kind,
             .note = {.place = word.place, .word = word.text, .what = std::move(what)}});
    }

    void take_alone(std::string_view name) {
        ++options_;
        if (name == "nodefaults") to_.default_devices = false;
        if (name == "enable-kvm") to_.accelerator.add("accel", {.text = "kvm"});
        if (name == "usb") to_.usb = true;
    }

    void take(std::string_view name, const Word& word) {
        using Take = void (Reader::*)(const Word&);
        struct Row {
            std::string_view name;
            Take take;
        };
        static constexpr auto rows = std::to_array<Row>({{"device", &Reader::device},
                                                         {"object", &Reader::object},
                                                         {"machine", &Reader::machine},
                                                         {"M", &Reader::machine},
                                                         {"cpu", &Reader::cpu},
                                                         {"m", &Reader::memory},
                                                         {"accel", &Reader::accelerator},
                                                         {"global", &Reader::global},
                                                         {"set", &Reader::set},
                                                         {"readconfig", &Reader::config_file},
                                                         {"vga", &Reader::vga},
                                                         {"bios", &Reader::bios},
                                                         {"pflash", &Reader::flash},
                                                         {"drive", &Reader::drive},
                                                         {"fw_cfg", &Reader::firmware_file},
                                                         {"net", &Reader::network},
                                                         {"nic", &Reader::network},
                                                         {"netdev", &Reader::network}});
        ++options_;
        const auto row = std::ranges::find(rows, name, &Row::name);
        if (row != rows.end()) (this->*row->take)(word);
    }

    // What has been read; nothing, and a mistake, where QEMU takes none of it.
    template <typename Read>
    Read* taken(Result<Read>& read, const Word& word) {
        if (read) return &*read;
        refuse(word, read.error().what);
        return nullptr;
    }

    void device(const Word& word) {
        auto read = read_typed(word.text, "driver", word.place);
        auto* const option = taken(read, word);
        if (option != nullptr && has_room(to_.devices, word)) {
            check_types(*option, word);
            to_.devices.push_back(std::move(*option));
        }
    }

    void object(const Word& word) {
        auto read = read_typed(word.text, "qom-type", word.place);
        auto* const option = taken(read, word);
        if (option != nullptr && has_room(to_.objects, word))
            to_.objects.push_back(std::move(*option));
    }

    void machine(const Word& word) {
        auto read = is_json(word.text) ? read_json(word.text, word.place)
                                       : read_keys(word.text, "type", word.place);
        if (const auto* const properties = taken(read, word)) take_machine(*properties);
    }

    void take_machine(const Properties& properties) {
        for (const auto& [name, value] : properties.all()) {
            auto dashed = name;
            std::ranges::replace(dashed, '_', '-');
            if (dashed == "accel") to_.accelerator.add("accel", value);
            if (dashed == "usb") to_.usb = said::parse_flag(value.text).value_or(false);
            if (dashed.starts_with("pflash")) to_.firmware = said::Firmware::Flash;
            to_.machine.add(std::move(dashed), value);
        }
    }

    void cpu(const Word& word) {
        auto read = read_cpu(word.text, word.place);
        auto* const option = taken(read, word);
        if (option != nullptr && has_room(to_.cpus, word)) to_.cpus.push_back(std::move(*option));
    }

    void memory(const Word& word) { merge(to_.memory, word, "size"); }
    void accelerator(const Word& word) { merge(to_.accelerator, word, "accel"); }

    void merge(Properties& into, const Word& word, std::string_view implied) {
        auto read = read_keys(word.text, implied, word.place);
        const auto* const properties = taken(read, word);
        if (properties != nullptr && has_room(into.all(), word))
            for (const auto& [name, value] : properties->all())
                into.add(name, value);
    }

    // driver.property=value, or these three by their names.
    void global(const Word& word) {
        if (!has_room(to_.globals, word)) return;
        const std::string_view text{word.text};
        const auto dot = text.find('.');
        const auto equals = text.find('=');
        if (dot != std::string_view::npos && equals != std::string_view::npos && dot < equals) {
            to_.globals.push_back(
                {.driver = std::string{text.substr(0, dot)},
                 .name = std::string{text.substr(dot + 1, equals - dot - 1)},
                 .value = {.text = std::string{text.substr(equals + 1)}, .place = word.place}});
            return;
        }
        auto read = read_keys(text, "", word.place);
        const auto* const properties = taken(read, word);
        if (properties == nullptr) return;
        const auto* const value = properties->find("value");
        if (value == nullptr || properties->text("driver").empty() ||
            properties->text("property").empty())
            return refuse(word, "is not driver.property=value");
        to_.globals.push_back({.driver = std::string{properties->text("driver")},
                               .name = std::string{properties->text("property")},
                               .value = *value});
    }

    // group.id.property=value
    void set(const Word& word) {
        const std::string_view text{word.text};
        const auto first = text.find('.');
        const auto second = first == text.npos ? first : text.find('.', first + 1);
        const auto equals = second == text.npos ? second : text.find('=', second + 1);
        if (equals == text.npos) return refuse(word, "is not group.id.property=value");
        const auto group = text.substr(0, first);
        if (group != "device") return;
        const auto id = text.substr(first + 1, second - first - 1);
        const auto named = std::ranges::find(to_.devices, id, &said::Option::id);
        if (named == to_.devices.end())
            return refuse(word, fmt::format("names the device {}, which is not there yet", id));
        if (named->form == Form::Json)
            return refuse(word, fmt::format("names {}, which is told in JSON", id),
                          Mistake::Kind::SetOnJson);
        named->properties.add(std::string{text.substr(second + 1, equals - second - 1)},
                              {.text = std::string{text.substr(equals + 1)}, .place = word.place});
    }

    void config_file(const Word& word) {
        if (!read_file_) return note(word, "is a file that was not given");
        const auto text = read_file_(word.text);
        if (!text) return note(word, fmt::format("cannot be read: {}", text.error().what));
        auto read = read_config_file(*text, word.text);
        const auto* const groups = taken(read, word);
        if (groups == nullptr) return;
        for (const auto& group : *groups)
            take_group(group);
    }

    void take_group(const Group& group) {
        const Word word{.text = group.name, .place = group.place};
        if (group.name == "machine") return take_machine(group.properties);
        if (group.name == "memory")
            for (const auto& [name, value] : group.properties.all())
                to_.memory.add(name, value);
        if (group.name == "global" && has_room(to_.globals, word)) {
            if (const auto* const value = group.properties.find("value"))
                to_.globals.push_back({.driver = std::string{group.properties.text("driver")},
                                       .name = std::string{group.properties.text("property")},
                                       .value = *value});
        }
        if (group.name != "device" && group.name != "object") return;
        const bool is_device = group.name == "device";
        auto read = make_typed(group.properties, is_device ? "driver" : "qom-type",
                               Form::ConfigFile, group.place);
        auto* const option = taken(read, word);
        auto& list = is_device ? to_.devices : to_.objects;
        if (option == nullptr || !has_room(list, word)) return;
        if (option->id.empty()) option->id = group.id;
        list.push_back(std::move(*option));
    }

    void vga(const Word& word) { to_.vga = said::Value{.text = word.text, .place = word.place}; }

    void bios(const Word& word) {
        const bool flash = word.text.contains("OVMF") || word.text.contains("edk2");
        to_.firmware = flash ? said::Firmware::Flash : said::Firmware::Other;
    }

    void flash(const Word& /*word*/) { to_.firmware = said::Firmware::Flash; }

    void drive(const Word& word) {
        const auto read = read_keys(word.text, "", word.place);
        if (read && read->text("if") == "pflash") to_.firmware = said::Firmware::Flash;
    }

    void firmware_file(const Word& word) {
        if (word.text.contains("opt/ovmf/X-PciMmio64Mb")) to_.mmio_window = true;
    }

    void network(const Word& /*word*/) { to_.network_options = true; }

    // What QEMU's reader of JSON takes of properties that are often written wrongly.
    void check_types(const said::Option& option, const Word& word) {
        if (option.form != Form::Json) return;
        for (const auto& [name, value] : option.properties.all()) {
            const auto wanted = type_of_property(option.type, name);
            if (!wanted || *wanted == value.kind) continue;
            refuse(word,
                   fmt::format("has {} = {}, which has to be {}", name, value.text,
                               *wanted == said::ValueKind::Number ? "a number without quotes"
                               : *wanted == said::ValueKind::Flag ? "true or false without quotes"
                                                                  : "a text in quotes"),
                   Mistake::Kind::JsonType);
        }
    }

    Configuration& to_;
    const ReadFile& read_file_;
    std::size_t options_ = 0;
};

}  // namespace

void read_options(const std::vector<Word>& words, const ReadFile& read_file,
                  Configuration& configuration) {
    Reader{configuration, read_file}.read(words);
}

Result<Configuration> read_command_line(const std::vector<Word>& words, const ReadFile& read_file) {
    Configuration configuration;
    if (words.empty()) return malformed("no word of a command line");
    configuration.program = words.front().text;
    configuration.name = words.front().place.file;
    Reader reader{configuration, read_file};
    reader.read({words.begin() + 1, words.end()});
    if (reader.options() == 0)
        return std::unexpected(Error{
            .kind = Error::Kind::Malformed,
            .what = fmt::format("{}: no command line of QEMU: not one of its options is in it",
                                configuration.name),
            .hint = "Of a script that puts them together from variables, check the process that it "
                    "starts: --pid N"});
    return configuration;
}

}  // namespace tenon::managed::qemu
