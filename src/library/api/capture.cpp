#include "tenon/capture.hpp"

#include "capture/anonymize.hpp"
#include "capture/capture_json.hpp"
#include "library/api/inside.hpp"
#include "library/gather.hpp"
#include "library/version.hpp"

namespace tenon {

Result<std::string> capture_text(std::span<const std::string> devices, Opening opening,
                                 SerialNumbers serial_numbers) {
    return library::without_exceptions([&]() -> Result<std::string> {
        const auto host = library::this_host();
        const bool blank = serial_numbers == SerialNumbers::Blank;
        std::vector<device::DeviceFacts> functions;
        capture::Anonymizer anonymizer;
        for (const auto& named : devices) {
            TENON_TRY(facts,
                      library::gather_facts(host, named, device::Interface::Automatic,
                                            library::opening_of(opening)),
                      "");
            if (blank) anonymizer.take_names(facts);
            functions.push_back(std::move(facts));
        }
        return capture::write_captures(
            functions, {.tool = std::string{library::version_line}, .anonymized = blank});
    });
}

}  // namespace tenon
