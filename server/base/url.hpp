// SPDX-License-Identifier: Apache-2.0
// An absolute http or https URL split into its parts (RFC 3986). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siltgate {

struct Url {
  std::string scheme;       // "http", "https" or "demo", lower case
  std::string host;         // without brackets; lower case
  std::uint16_t port = 0;   // the scheme's default when absent
  std::string path;         // "" or "/x/y", no trailing slash
  std::string userinfo;     // "user:password" as written (proxies only), never logged

  bool tls() const { return scheme == "https"; }
  /// host, or host:port when the port is not the scheme's own; IPv6 in brackets. Fit for a Host header.
  std::string authority() const;
};

/// Empty on anything that is not scheme://host[:port][/path] with scheme http or https, or "demo:".
/// Query and fragment are refused: a base URL has none.
std::optional<Url> parse_url(std::string_view text);

}  // namespace siltgate
