// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body and headers of a provider's error: a class, bounded texts on one line, a wait that is no nonsense.
// Byte 0 picks the profile, byte 1 the status; up to the first NUL the rest is the value of every header, then the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schedule/rate_headers.hpp"
#include "schedule/refusal.hpp"

namespace {

using namespace siltgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::string_view profiles[] = {"zai", "openai", "anthropic", "openrouter", "generic", "no such profile"};
  constexpr int statuses[] = {200, 400, 401, 403, 404, 429, 500, 502, 503, 529, 599, 100};
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto nul = rest.find('\0');
  const std::string_view value = rest.substr(0, nul);
  const std::string_view body = nul == rest.npos ? std::string_view{} : rest.substr(nul + 1);
  const schedule::HeaderLookup header = [value](std::string_view) -> std::optional<std::string_view> {
    if (value.empty()) return {};
    return value;
  };
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  const auto refusal = schedule::classify(profiles[data[0] % 6], statuses[data[1] % 12], body, header, now);
  require(refusal.code.size() <= 64 && refusal.message.size() <= 512);
  require(refusal.message.find('\n') == std::string::npos);
  if (refusal.wait) require(*refusal.wait >= Duration::zero());
  require(!schedule::to_string(refusal.klass).empty());
  return 0;
}
