#include "vmm/board/cmos.hpp"

#include <algorithm>

namespace tenon::vmm::board {
namespace {

constexpr std::uint8_t second = 0;
constexpr std::uint8_t minute = 2;
constexpr std::uint8_t hour = 4;
constexpr std::uint8_t weekday = 6;
constexpr std::uint8_t day = 7;
constexpr std::uint8_t month = 8;
constexpr std::uint8_t year = 9;
constexpr std::uint8_t status_a = 0x0a;
constexpr std::uint8_t status_b = 0x0b;
constexpr std::uint8_t status_c = 0x0c;
constexpr std::uint8_t status_d = 0x0d;
constexpr std::uint8_t running = 0x26;  // Of A: the usual dividers, no update in progress.
constexpr std::uint8_t valid = 0x80;    // Of D: memory and time are valid.
constexpr std::uint8_t held = 0x80;     // Of B: the clock is being set.
constexpr std::uint8_t binary = 0x04;   // Of B.
constexpr std::uint8_t to_24 = 0x02;    // Of B.
constexpr std::array clock_registers{second, minute, hour, weekday,
                                     day,    month,  year, Cmos::century};

bool is_clock(std::uint8_t index) {
    return std::ranges::find(clock_registers, index) != clock_registers.end();
}

}  // namespace

Cmos::Time Cmos::host_time() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::uint64_t Cmos::read(std::uint64_t offset, unsigned size) {
    if (offset != 1 || size != 1) return all_ones(size);
    const MutexLock lock{mutex_};
    return read_register(index_);
}

void Cmos::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const MutexLock lock{mutex_};
    // Some write both at once. Bit 7 of the index masks NMIs, of which there are none.
    if (offset == 0) index_ = value & 0x7f;
    if (offset == 1 && size == 1) write_register(index_, static_cast<std::uint8_t>(value));
    if (offset == 0 && size == 2) write_register(index_, static_cast<std::uint8_t>(value >> 8));
}

std::uint8_t Cmos::read_register(std::uint8_t index) const {
    switch (index) {
        case status_a:
            return running;
        case status_b:
            return mode_;
        case status_c:
            return 0;
        case status_d:
            return valid;
        default:
            return is_clock(index) && (mode_ & held) == 0 ? clock_register(index) : bytes_[index];
    }
}

void Cmos::write_register(std::uint8_t index, std::uint8_t value) {
    if (index == status_b) {
        const bool was_held = (mode_ & held) != 0;
        const bool is_held = (value & held) != 0;
        if (!was_held && is_held) hold_clock();
        const auto mode = static_cast<std::uint8_t>((value & (held | binary)) | to_24);
        if (was_held && !is_held) {
            // What was written is in the form that it is to have from now on.
            mode_ = mode;
            release_clock();
        }
        mode_ = mode;
        return;
    }
    if (index == status_a || index == status_c || index == status_d) return;
    if (!is_clock(index)) {
        bytes_[index] = value;
        return;
    }
    const bool was_held = (mode_ & held) != 0;
    if (!was_held) hold_clock();
    bytes_[index] = value;
    if (!was_held) release_clock();
}

std::uint8_t Cmos::clock_register(std::uint8_t index) const {
    using namespace std::chrono;
    const auto now = now_() + offset_;
    const auto today = floor<days>(now);
    const year_month_day date{today};
    const hh_mm_ss time{now - today};
    const auto years = static_cast<unsigned>(std::clamp(int{date.year()}, 0, 9999));
    switch (index) {
        case second:
            return encode(static_cast<unsigned>(time.seconds().count()));
        case minute:
            return encode(static_cast<unsigned>(time.minutes().count()));
        case hour:
            return encode(static_cast<unsigned>(time.hours().count()));
        case weekday:
            return encode(std::chrono::weekday{today}.c_encoding() + 1);
        case day:
            return encode(unsigned{date.day()});
        case month:
            return encode(unsigned{date.month()});
        case year:
            return encode(years % 100);
        default:
            return encode(years / 100);
    }
}

void Cmos::hold_clock() {
    for (const auto index : clock_registers)
        bytes_[index] = clock_register(index);
}

// A date that is none leaves the clock as it was.
void Cmos::release_clock() {
    using namespace std::chrono;
    const year_month_day date{
        std::chrono::year{static_cast<int>(number(century) * 100 + number(year))},
        std::chrono::month{number(month)}, std::chrono::day{number(day)}};
    if (!date.ok() || number(hour) > 23 || number(minute) > 59 || number(second) > 59) return;
    const sys_seconds set =
        sys_days{date} + hours{number(hour)} + minutes{number(minute)} + seconds{number(second)};
    offset_ = set - now_();
}

std::uint8_t Cmos::encode(unsigned value) const {
    return static_cast<std::uint8_t>((mode_ & binary) != 0 ? value : value / 10 << 4 | value % 10);
}

unsigned Cmos::number(std::uint8_t index) const {
    const auto value = bytes_[index];
    return (mode_ & binary) != 0 ? value : (value >> 4) * 10u + (value & 0xf);
}

}  // namespace tenon::vmm::board
