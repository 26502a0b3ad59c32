// SPDX-License-Identifier: Apache-2.0
#include "observe/secret_names.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"

namespace siltgate::observe {
namespace {

template <std::size_t n>
bool is_one_of(std::string_view word, const std::string_view (&words)[n]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool secret_word(std::string_view word) {
  constexpr std::string_view whole[] = {"key", "auth", "authentication", "passwd", "passphrase", "pwd", "sig"};
  constexpr std::string_view within[] = {"apikey", "authorization", "cookie", "token", "secret", "password", "credential", "signature"};
  if (word == "tokens") return false;   // a count of them
  return is_one_of(word, whole) ||
         std::any_of(std::begin(within), std::end(within), [&](std::string_view part) { return word.find(part) != std::string_view::npos; });
}

/// Names with such a word that hold no credential. Of "X-Auth-Type" and the like the last word says so.
bool harmless(std::string_view low) {
  constexpr std::string_view names[] = {"idempotency-key", "x-idempotency-key", "sec-websocket-key", "cache-key",  "x-cache-key",
                                        "surrogate-key",   "prompt-cache-key",  "x-token-count",     "token-count"};
  constexpr std::string_view ends[] = {"-type", "-method", "-mode", "-scheme", "-provider", "-version", "-expires", "-algorithm"};
  return is_one_of(low, names) || low.find("ratelimit") != std::string_view::npos ||
         std::any_of(std::begin(ends), std::end(ends), [&](std::string_view end) { return low.ends_with(end); });
}

}  // namespace

bool secret_field(std::string_view name) {
  std::string low = lower(name);
  std::replace(low.begin(), low.end(), '_', '-');
  if (harmless(low)) return false;
  for (std::string_view rest = low; !rest.empty();) {
    const auto end = std::min(rest.find('-'), rest.size());
    if (secret_word(rest.substr(0, end))) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool secret_parameter(std::string_view name) { return lower(name) == "code" || secret_field(name); }

}  // namespace siltgate::observe
