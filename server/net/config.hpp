// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/url.hpp"

namespace siltgate::net {

struct TlsConfig {
  std::string ca_file;          // "" = system store (SSL_CERT_FILE and SSL_CERT_DIR honoured)
  std::string tls_min = "1.2";  // "1.2" or "1.3"
};

/// How to leave the machine. `env`: HTTPS_PROXY/https_proxy with NO_PROXY; `url`: this proxy, always.
struct ProxyConfig {
  enum class Mode { env, none, url } mode = Mode::env;
  std::optional<Url> url;
};

struct Timeouts {
  Duration connect = std::chrono::seconds(10);     // DNS + TCP + proxy + TLS
  Duration first_byte = std::chrono::minutes(10);  // request sent until response head
  Duration idle = std::chrono::minutes(2);         // between two reads of a response body
};

}  // namespace siltgate::net
