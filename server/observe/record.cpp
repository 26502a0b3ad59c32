// SPDX-License-Identifier: Apache-2.0
// The words of the exchange record.
#include "observe/record.hpp"

namespace siltgate::observe {
namespace {

constexpr std::string_view blames[] = {"intact", "provider", "network", "client", "siltgate", "unknown"};

}  // namespace

std::string_view to_string(Blame blame) { return blames[static_cast<int>(blame)]; }

std::string_view to_string(Certainty certainty) {
  constexpr std::string_view names[] = {"certain", "likely", "cannot tell"};
  return names[static_cast<int>(certainty)];
}

std::string_view to_string(Closer closer) {
  constexpr std::string_view names[] = {"nobody", "client", "upstream", "siltgate"};
  return names[static_cast<int>(closer)];
}

std::string_view to_string(PathState path) {
  constexpr std::string_view names[] = {"unknown", "alive", "dead"};
  return names[static_cast<int>(path)];
}

std::optional<Blame> parse_blame(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(Blame::unknown); ++i)
    if (blames[i] == word) return static_cast<Blame>(i);
  return {};
}

}  // namespace siltgate::observe
