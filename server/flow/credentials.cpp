// SPDX-License-Identifier: Apache-2.0
#include "flow/credentials.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "http/grammar.hpp"
#include "observe/base64.hpp"
#include "observe/redact.hpp"
#include "observe/secret_names.hpp"

namespace siltgate::flow {
namespace {

constexpr std::size_t shortest = 8;  // "Bearer x" is no secret, and x is in every text

void add(std::string_view value, Secrets& out) {
  value = http::trim(value);
  if (value.size() >= shortest) out.add(value);
}

/// As it stands in the query, and as a provider that reads it will quote it.
void add_percent_encoded(std::string_view value, Secrets& out) {
  add(value, out);
  if (value.find_first_of("%+") == value.npos) return;
  std::string spaced(value);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  std::string decoded = percent_decoded(spaced);
  add(decoded, out);
  cleanse(decoded);
  cleanse(spaced);
}

/// "user:password" in base64. Who has no password gives the key as the user.
void add_basic(std::string_view encoded, Secrets& out) {
  auto pair = observe::from_base64(http::trim(encoded));
  if (!pair) return;
  add(*pair, out);
  const auto colon = std::string_view(*pair).find(':');
  if (colon != std::string_view::npos) add(colon + 1 < pair->size() ? std::string_view(*pair).substr(colon + 1) : std::string_view(*pair).substr(0, colon), out);
  cleanse(*pair);
}

/// Values of "a=1; b=2" (all of a cookie's) or "a=1&b=2".
void add_values(std::string_view pairs, char separator, Secrets& out) {
  while (!pairs.empty()) {
    const auto end = std::min(pairs.find(separator), pairs.size());
    const auto pair = pairs.substr(0, end);
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
    const auto equals = pair.find('=');
    if (equals == pair.npos) continue;
    if (separator == ';') add(pair.substr(equals + 1), out);
    else if (observe::secret_parameter(http::trim(pair.substr(0, equals)))) add_percent_encoded(pair.substr(equals + 1), out);
  }
}

/// The whole value, and what follows a scheme such as Bearer.
void add_field(std::string_view name, std::string_view value, Secrets& out) {
  if (!observe::secret_field(name)) return;
  add(value, out);
  if (const auto space = value.find(' '); space != value.npos) {
    add(value.substr(space + 1), out);
    if (http::same_name(value.substr(0, space), "basic")) add_basic(value.substr(space + 1), out);
  }
  if (http::same_name(name, "cookie")) add_values(value, ';', out);
}

}  // namespace

Secrets credentials_of(const Exchange& x) {
  Secrets out;
  for (std::size_t i = 0; i < x.request.fields.size(); ++i) add_field(x.request.fields[i].name, x.request.fields[i].value, out);
  auto query = x.request.target.find('?');
  if (query != std::string::npos) add_values(std::string_view(x.request.target).substr(query + 1), '&', out);
  for (const auto& [name, token] : x.config->client_tokens) out.add(token);
  if (x.provider)
    for (const Key& key : x.provider->keys) out.add(key.value);
  return out;
}

std::string masked(const Exchange& x, std::string_view bytes) { return observe::mask(bytes, credentials_of(x)); }

}  // namespace siltgate::flow
