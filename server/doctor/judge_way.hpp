// SPDX-License-Identifier: Apache-2.0
// What a look at the way to a provider means: names, TCP, proxy, certificates, clock, answer. Pure: the look and the time
// come in.
#pragma once

#include <optional>
#include <string>

#include "doctor/finding.hpp"
#include "net/look.hpp"

namespace siltgate::doctor {

/// Which way was looked at.
struct Way {
  std::string provider;             // its name in the configuration
  Url url;
  std::optional<Url> proxy;
  std::string proxy_from;           // "HTTPS_PROXY", "providers.zai.proxy"; "" = no proxy
  std::string ca_file;              // configured; "" = none
  std::string other_ca;             // a file the environment names for other programs (NODE_EXTRA_CA_CERTS …); "" = none
  std::string empty_store{};        // where the system's certificates were looked for and are not; "" = there are some
};

/// In the order of dependency; what could not be reached is not mentioned.
Findings judge_way(const Way& way, const net::WaySeen& seen, WallTime now);

/// The provider's clock against ours. Nothing when no date came.
std::optional<Finding> judge_clock(const std::string& subject, const net::AnswerSeen& answer);

}  // namespace siltgate::doctor
