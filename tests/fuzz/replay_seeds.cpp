// SPDX-License-Identifier: Apache-2.0
// Every seed of every fuzz target once, in any build and without libFuzzer: replay_seeds FOLDER, which has one folder per
// target. Each target's entry point is compiled under the target's own name.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#define SILTGATE_TARGETS(each) \
  each(request_head_fuzz) each(response_head_fuzz) each(chunked_body_fuzz) each(stream_fuzz) each(settings_fuzz) each(refusal_fuzz) \
  each(body_hints_fuzz) each(garble_fuzz) each(resp_fuzz) each(chunk_fuzz)

#define SILTGATE_DECLARE(name) extern "C" int name(const std::uint8_t* data, std::size_t size);
SILTGATE_TARGETS(SILTGATE_DECLARE)

namespace {

struct Target {
  const char* name;
  int (*run)(const std::uint8_t*, std::size_t);
};

#define SILTGATE_ENTRY(name) {#name, name},
constexpr Target targets[] = {SILTGATE_TARGETS(SILTGATE_ENTRY)};

/// How many seeds the target has.
int replay(const Target& target, const std::filesystem::path& folder) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / target.name)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::printf("%s/%s\n", target.name, entry.path().filename().c_str());
    std::fflush(stdout);  // a seed that aborts is the last one named
    target.run(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    ++seen;
  }
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  for (const Target& target : targets)
    if (replay(target, argv[1]) == 0) return 1;
  return 0;
}
