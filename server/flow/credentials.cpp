// SPDX-License-Identifier: Apache-2.0
#include "flow/credentials.hpp"

#include <algorithm>
#include <array>

#include "http/grammar.hpp"
#include "observe/redact.hpp"

namespace siltgate::flow {
namespace {

constexpr std::size_t shortest_guess = 8;  // of a cookie or query value: shorter ones are words

/// Values of "a=1; b=2" or "a=1&b=2".
void add_values(std::string_view pairs, char separator, std::vector<std::string>& out) {
  while (!pairs.empty()) {
    auto end = std::min(pairs.find(separator), pairs.size());
    auto pair = pairs.substr(0, end);
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
    auto value = http::trim(pair.substr(std::min(pair.find('='), pair.size() - 1) + 1));
    if (value.size() >= shortest_guess) out.emplace_back(value);
  }
}

void add_field(std::string_view name, std::string_view value, std::vector<std::string>& out) {
  static constexpr std::array<std::string_view, 6> keys{"authorization", "proxy-authorization", "x-api-key",
                                                        "api-key",       "x-goog-api-key",      "x-auth-token"};
  if (http::same_name(name, "cookie")) return add_values(value, ';', out);
  for (auto key : keys) {
    if (!http::same_name(name, key) || value.empty()) continue;
    auto space = value.find(' ');
    out.emplace_back(http::trim(space == value.npos ? value : value.substr(space + 1)));
  }
}

}  // namespace

std::vector<std::string> credentials_of(const Exchange& x) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < x.request.fields.size(); ++i) add_field(x.request.fields[i].name, x.request.fields[i].value, out);
  auto query = x.request.target.find('?');
  if (query != std::string::npos) add_values(std::string_view(x.request.target).substr(query + 1), '&', out);
  for (const auto& [name, token] : x.config->client_tokens) out.push_back(token);
  if (x.provider)
    for (const Key& key : x.provider->keys) out.push_back(key.value);
  return out;
}

// Masked as well, because messages are bounded and may end in the middle of a secret.
std::string without_secrets(const Exchange& x, std::string_view text) { return masked(x, text); }

std::string masked(const Exchange& x, std::string_view bytes) { return observe::mask(bytes, credentials_of(x)); }

}  // namespace siltgate::flow
