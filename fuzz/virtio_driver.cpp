// Fuzzes the registers of a Virtio function: its input is a driver that does anything. Each access
// has an offset of two bytes, a size, and a value of eight; every number that comes out is of a
// queue that is there.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <variant>

#include "base/bytes.hpp"
#include "model/virtio/device_type.hpp"
#include "model/virtio/transport.hpp"

namespace {

using namespace tenon::model::virtio;

constexpr std::uint64_t offered = version_1 | 0x3000'0e40;
constexpr std::size_t access_size = 11;

void expect(bool so) {
    if (!so) std::abort();
}

void check(const Transport& transport, const std::optional<Effect>& effect, bool before) {
    for (const auto& queue : transport.queues()) {
        expect(queue.size >= 1 && queue.size <= 256);
        expect(queue.vector <= transport.queues().size() || queue.vector == no_vector);
    }
    if (!effect) return;
    if (const auto* const kick = std::get_if<effect::Kick>(&*effect))
        expect(transport.queues().at(kick->queue).enabled);
    if (const auto* const write = std::get_if<effect::WriteConfig>(&*effect))
        expect(write->offset + write->size <= layout::device_size);
    if (std::holds_alternative<effect::Start>(*effect))
        expect(!before && transport.started() && (transport.driver_features() & ~offered) == 0);
    if (std::holds_alternative<effect::Stop>(*effect)) expect(before && !transport.started());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span{data, size});
    Backend backend;
    backend.type = block;
    backend.queues = 3;
    backend.queue_size = 256;
    Transport transport{backend, offered};
    for (std::size_t at = 0; at + access_size <= bytes.size(); at += access_size) {
        const auto offset = tenon::load<std::uint16_t>(bytes, at);
        const auto how = tenon::load<std::uint8_t>(bytes, at + 2);
        const auto value = tenon::load<std::uint64_t>(bytes, at + 3);
        const unsigned width = 1u << (how & 3);
        const bool before = transport.started();
        if ((how & 0x40) != 0) {
            transport.finish_reset();
        } else if ((how & 0x80) != 0) {
            transport.read(offset, width);
        } else {
            check(transport, transport.write(offset, width, value), before);
        }
    }
    return 0;
}
