// A fuzzer's code without fuzzing: how fast is it when nothing watches it?
//
//   replay SECONDS FILE…   Runs the files one after another for that long; prints executions a
//   second.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** words) {
    if (count < 3) return 2;
    std::vector<std::vector<std::uint8_t>> inputs;
    for (int n = 2; n < count; ++n) {
        std::ifstream file{words[n], std::ios::binary};
        inputs.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
    }
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    const auto length = std::chrono::duration<double>(std::atof(words[1]));
    std::uint64_t runs = 0;
    do {
        for (const auto& input : inputs) {
            LLVMFuzzerTestOneInput(input.data(), input.size());
            ++runs;
        }
    } while (Clock::now() - begin < length);
    const std::chrono::duration<double> taken = Clock::now() - begin;
    std::printf("%.0f\n", static_cast<double>(runs) / taken.count());
}
