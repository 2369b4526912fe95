#include "vmm/control/plug_commands.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/json_place.hpp"
#include "base/mutex.hpp"
#include "pci/address.hpp"
#include "vmm/control/commands.hpp"
#include "vmm/control/qmp_files.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;

Json empty() { return Json::object(); }

Result<Json> done(const Result<void>& result) {
    if (!result) return std::unexpected(result.error());
    return empty();
}

// Others would begin a key of their own.
bool is_of_a_key(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
           letter == '_';
}

// A word as the command line would have it. A comma would begin the next key.
Result<std::string> word_of(const std::string& name, const Json& value) {
    if (value.is_boolean()) return std::string{value.get<bool>() ? "on" : "off"};
    if (value.is_number_integer()) return value.dump();
    if (!value.is_string()) return malformed("Invalid parameter type for '{}'", name);
    auto word = value.get<std::string>();
    if (word.contains(',')) return malformed("parameter '{}': \"{}\" has a comma", name, word);
    return word;
}

Result<std::string> string_of(const Json& arguments, const std::string& name) {
    const auto* const found = find_member(arguments, name);
    if (found == nullptr) return malformed("Parameter '{}' is missing", name);
    if (!found->is_string())
        return malformed("Invalid parameter type for '{}', expected: string", name);
    return found->get<std::string>();
}

// A hexadecimal number, as QEMU reads them in addresses; "0x" may be there. None: no number.
std::optional<unsigned> parse_part(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "0.3", "0x0.0x3": device and function on the slot's bus, which has device 0 alone.
Result<std::string> function_of(std::string_view address) {
    const auto dot = address.find('.');
    const auto device = parse_part(address.substr(0, dot));
    const auto function = dot == std::string_view::npos ? 0 : parse_part(address.substr(dot + 1));
    if (device != 0u || !function || *function > 7)
        return malformed(
            "parameter 'addr': \"{}\": behind a root port there is device 0 alone, with functions "
            "0 to 7: 0.N",
            address);
    return fmt::format("{}", *function);
}

void add_key(std::string& words, std::string_view key, std::string_view value) {
    words += fmt::format("{}{}={}", words.empty() ? "" : ",", key, value);
}

// All arguments but those that are `elsewhere`, by their names on the command line.
Result<void> add_keys(const Json& arguments, std::span<const std::string_view> elsewhere,
                      std::string& words) {
    for (const auto& [name, value] : arguments.items()) {
        if (std::ranges::find(elsewhere, name) != elsewhere.end()) continue;
        if (!std::ranges::all_of(name, is_of_a_key))
            return malformed("parameter '{}' is unexpected", name);
        TENON_TRY(word, word_of(name, value), "");
        if (name == "bus") {
            add_key(words, "port", word);
        } else if (name == "addr") {
            TENON_TRY(function, function_of(word), "");
            add_key(words, "function", function);
        } else {
            add_key(words, name, word);
        }
    }
    return {};
}

// Files of /dev/iommu, opened by whoever handed them over. Thread-safe.
class IommufdObjects {
public:
    Result<void> add(const std::string& id, Fd file) {
        const MutexLock lock{mutex_};
        if (objects_.size() >= QmpFiles::most)
            return fail(Error::Kind::Busy, "{} objects are there already", objects_.size());
        if (!objects_.emplace(id, std::make_shared<const Fd>(std::move(file))).second)
            return malformed("attempt to add duplicate property '{}' to object", id);
        return {};
    }
    Result<void> remove(const std::string& id) {
        const MutexLock lock{mutex_};
        if (objects_.erase(id) != 0) return {};
        return fail(Error::Kind::NotFound, "object '{}' not found", id);
    }
    /// Stays open as long as somebody has it; without a number, /dev/iommu is opened here.
    Result<std::shared_ptr<const Fd>> file(const std::string& id) const {
        const MutexLock lock{mutex_};
        const auto found = objects_.find(id);
        if (found == objects_.end())
            return fail(Error::Kind::NotFound, "Device '{}' not found", id);
        return found->second;
    }

private:
    mutable Mutex mutex_;
    std::map<std::string, std::shared_ptr<const Fd>> objects_ TENON_GUARDED_BY(mutex_);
};

// QEMU's answer has nothing in it; ours neither, where there is nothing to say.
Result<Json> carry_out(const Plugging& plugging, const slots::PlugRequest& request) {
    TENON_TRY(plugged, plugging.add(request), "");
    if (plugged.warnings.empty()) return empty();
    return Json{{"warnings", plugged.warnings}};
}

// Options by which a process is a device.
constexpr std::array<std::string_view, 4> options{"disk", "net", "share", "vhost-user"};

// QEMU's names for those behind a socket: vhost-user-blk-pci.
constexpr std::string_view socket_prefix = "vhost-user-";
constexpr std::string_view socket_suffix = "-pci";

// A process, by the option's name or by QEMU's; none: it is neither.
Result<std::optional<slots::PlugRequest>> process_of(std::string_view driver,
                                                     const Json& arguments) {
    slots::PlugRequest request;
    if (std::ranges::find(options, driver) != options.end()) {
        request.option = driver;
    } else if (driver.starts_with(socket_prefix) && driver.ends_with(socket_suffix) &&
               driver.size() > socket_prefix.size() + socket_suffix.size()) {
        driver.remove_prefix(socket_prefix.size());
        driver.remove_suffix(socket_suffix.size());
        request.option = options.back();
        request.device = fmt::format("type={}", driver);
    } else {
        return std::nullopt;
    }
    constexpr std::array<std::string_view, 2> elsewhere{"driver", "multifunction"};
    TENON_TRY_DO(add_keys(arguments, elsewhere, request.device), "");
    return request;
}

Result<QmpWork> add_device(const Plugging& plugging, const IommufdObjects& objects,
                           const Json& arguments, QmpFiles& files) {
    TENON_TRY(driver, string_of(arguments, "driver"), "");
    TENON_TRY(process, process_of(driver, arguments), "");
    if (process)
        return QmpWork{
            [&plugging, request = *std::move(process)] { return carry_out(plugging, request); }};
    if (driver != "vfio-pci")
        return malformed(
            "'{}' is not a valid device model name: vfio-pci, {} and vhost-user-TYPE-pci are",
            driver, fmt::join(options, ", "));
    Fd file;
    if (find_member(arguments, "fd") != nullptr) {
        TENON_TRY(name, string_of(arguments, "fd"), "");
        TENON_TRY(taken, files.take(name), "");
        file = std::move(taken);
    }
    TENON_TRY(words, device_words(arguments, file ? std::optional{file.number()} : std::nullopt),
              "");
    slots::PlugRequest request{.device = std::move(words)};
    std::shared_ptr<const Fd> iommufd;
    if (find_member(arguments, "iommufd") != nullptr) {
        TENON_TRY(id, string_of(arguments, "iommufd"), "");
        TENON_TRY(object, objects.file(id), "");
        iommufd = std::move(object);
        if (*iommufd) request.iommufd = iommufd->number();
    }
    // Both files are open until the device has them, whatever becomes of their names meanwhile.
    return QmpWork{[&plugging, request = std::move(request), file = std::move(file),
                    iommufd = std::move(iommufd)] { return carry_out(plugging, request); }};
}

Result<QmpWork> remove_device(const Plugging& plugging, const Json& arguments) {
    TENON_TRY(id, string_of(arguments, "id"), "");
    const auto remove = [id](const auto& how) {
        return QmpWork{[&how, id] { return done(how(id)); }};
    };
    const auto* const force = find_member(arguments, "force");
    if (force == nullptr) return remove(plugging.remove);
    TENON_TRY(word, word_of("force", *force), "");
    if (word != "on" && word != "off" && word != "true" && word != "false")
        return malformed("Invalid parameter type for 'force', expected: boolean");
    return remove(word == "on" || word == "true" ? plugging.pull_out : plugging.remove);
}

Result<Json> add_object(IommufdObjects& objects, const Json& arguments, QmpFiles& files) {
    TENON_TRY(type, string_of(arguments, "qom-type"), "");
    if (type != "iommufd")
        return malformed("Parameter 'qom-type' does not accept value '{}': iommufd is known", type);
    TENON_TRY(id, string_of(arguments, "id"), "");
    Fd file;
    if (find_member(arguments, "fd") != nullptr) {
        TENON_TRY(name, string_of(arguments, "fd"), "");
        TENON_TRY(taken, files.take(name), "");
        file = std::move(taken);
    }
    return done(objects.add(id, std::move(file)));
}

}  // namespace

Result<std::string> device_words(const Json& arguments, std::optional<int> fd) {
    constexpr std::array<std::string_view, 5> elsewhere{"driver", "host", "fd", "iommufd",
                                                        "multifunction"};
    std::string words;
    if (find_member(arguments, "host") != nullptr) {
        TENON_TRY(host, string_of(arguments, "host"), "");
        // A command line may name files here, to be planned; opening one might wait.
        if (!pci::Address::parse(host))
            return malformed("parameter 'host': \"{}\" is not a PCI address", host);
        words = host;
    } else if (!fd) {
        return malformed("Parameter 'host' is missing, or 'fd'");
    }
    if (fd) add_key(words, "fd", fmt::format("{}", *fd));
    if ((find_member(arguments, "iommufd") != nullptr || fd) &&
        find_member(arguments, "iommu") == nullptr)
        add_key(words, "iommu", "iommufd");
    TENON_TRY_DO(add_keys(arguments, elsewhere, words), "");
    return words;
}

std::vector<QmpCommand> make_plug_commands(const Plugging& plugging) {
    const auto objects = std::make_shared<IommufdObjects>();
    return {
        {.name = "device_add",
         .arguments = {},
         .any_argument = true,
         .begin =
             [&plugging, objects](const Json& arguments, QmpFiles& files) {
                 return add_device(plugging, *objects, arguments, files);
             }},
        {.name = "device_del",
         .arguments = {"id", "force"},
         .begin = [&plugging](const Json& arguments,
                              QmpFiles&) { return remove_device(plugging, arguments); }},
        {.name = "getfd",
         .arguments = {"fdname"},
         .run = [](const Json& arguments, QmpFiles& files) -> Result<Json> {
             TENON_TRY(name, string_of(arguments, "fdname"), "");
             return done(files.name(name));
         }},
        {.name = "closefd",
         .arguments = {"fdname"},
         .run = [](const Json& arguments, QmpFiles& files) -> Result<Json> {
             TENON_TRY(name, string_of(arguments, "fdname"), "");
             TENON_TRY_DO(files.take(name), "");
             return empty();
         }},
        {.name = "object-add",
         .arguments = {"qom-type", "id", "fd"},
         .run = [objects](const Json& arguments,
                          QmpFiles& files) { return add_object(*objects, arguments, files); }},
        {.name = "object-del",
         .arguments = {"id"},
         .run = [objects](const Json& arguments, QmpFiles&) -> Result<Json> {
             TENON_TRY(id, string_of(arguments, "id"), "");
             return done(objects->remove(id));
         }},
    };
}

QmpEvent event_of(const slots::PlugEvent& event) {
    using enum slots::PlugEvent::Kind;
    std::string series;
    Json data{{"device", event.id}, {"path", "/machine/peripheral/" + event.id}};
    switch (event.kind) {
        case Deleted:
            return make_event("DEVICE_DELETED", std::move(data));
        case NotLetGo:
            return make_event("DEVICE_UNPLUG_GUEST_ERROR", std::move(data));
        case Warned:
            data["warnings"] = event.warnings;
            return make_event("TENON_DEVICE_WARNING", std::move(data));
        case Lost:
            data["kind"] = "lost";
            break;
        case Failed:
            data["kind"] = "error";
            data["action"] = model::chosen::name_of(event.action);
            series = fmt::format("error {} {} {} {}", model::chosen::name_of(event.action),
                                 event.report.fatal, event.report.told, event.id);
            if (event.action == model::chosen::ErrorAction::Detach) break;
            data["severity"] = event.report.fatal ? "fatal" : "nonfatal";
            data["guest-told"] = event.report.told;
            break;
    }
    auto error = make_event("TENON_DEVICE_ERROR", std::move(data));
    error.series = std::move(series);
    return error;
}

}  // namespace tenon::vmm::control
