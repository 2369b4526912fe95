#include "device/facts.hpp"

#include <utility>

namespace tenon::device {

IommuFacts::IommuFacts() = default;
IommuFacts::IommuFacts(const IommuFacts& other) = default;
IommuFacts::IommuFacts(IommuFacts&& other) noexcept = default;
IommuFacts& IommuFacts::operator=(const IommuFacts& other) = default;
IommuFacts& IommuFacts::operator=(IommuFacts&& other) noexcept = default;
IommuFacts::~IommuFacts() = default;
bool IommuFacts::operator==(const IommuFacts& other) const = default;

DeviceFacts::DeviceFacts() = default;
DeviceFacts::DeviceFacts(std::string named, Origin from) : source{std::move(named)}, origin{from} {}
DeviceFacts::DeviceFacts(const DeviceFacts& other) = default;
DeviceFacts::DeviceFacts(DeviceFacts&& other) noexcept = default;
DeviceFacts& DeviceFacts::operator=(const DeviceFacts& other) = default;
DeviceFacts& DeviceFacts::operator=(DeviceFacts&& other) noexcept = default;
DeviceFacts::~DeviceFacts() = default;
bool DeviceFacts::operator==(const DeviceFacts& other) const = default;

}  // namespace tenon::device
