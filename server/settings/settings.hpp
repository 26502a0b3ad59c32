// SPDX-License-Identifier: Apache-2.0
// Everything a user may set, after parsing: each part is the Config of the module that uses it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "flow/config.hpp"
#include "observe/config.hpp"

namespace siltgate::settings {

struct Listen {
  std::string address = "127.0.0.1";  // IP literal, without brackets
  std::uint16_t port = 4290;
  bool wait = false;                  // wait for the address to appear instead of failing at start
  std::vector<std::string> allow;     // CIDRs of peers; empty = every peer
};

struct Admin {
  std::string path = "/-/";
  std::vector<std::string> allow{"127.0.0.0/8", "::1/128"};
  std::vector<std::string> allowed_hosts{"localhost"};
};

struct Shared {
  std::string redis;
  std::string prefix = "siltgate:";
  Duration lease = std::chrono::seconds(15);
  bool refuse_when_down = false;
  bool operator==(const Shared&) const = default;
};

struct Settings {
  std::vector<Listen> listen{Listen{}};
  schedule::Concurrency concurrency{schedule::Concurrency::Mode::automatic, 0};  // for providers that give none
  flow::Config flow;
  Admin admin;
  Shared shared;
  std::map<std::string, std::string> client_tokens;   // name -> secret
  Duration drain = std::chrono::seconds(30);
  observe::CaptureConfig capture;
  observe::LogConfig log;
  std::string control_socket;                         // "" = derived, see cli docs
};

}  // namespace siltgate::settings
