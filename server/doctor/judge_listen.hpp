// SPDX-License-Identifier: Apache-2.0
// What is to be said about the addresses siltgate listens on: here, and as guests of this machine see them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "doctor/finding.hpp"
#include "net/listen_probe.hpp"
#include "settings/settings.hpp"

namespace siltgate::doctor {

struct ListenSeen {
  settings::Listen where;
  net::ListenProbe probe;
  bool held_by_siltgate = false;
};
Finding judge_listen(const ListenSeen& seen);

/// An address of this machine on some network.
struct Interface {
  std::string name;        // "virbr0"
  std::string address;     // IPv4
  std::string network;     // "192.168.122.0/24"
};

/// What came back when something was asked at an address: HEAD /.
struct Reached {
  std::string address;     // "192.168.64.1:4290"
  int status = 0;          // 0 = nothing
  std::string fault;       // why nothing
  std::string body;        // of a refusal
};

struct GuestSeen {
  std::vector<settings::Listen> listen;
  std::vector<Interface> interfaces;      // without loopback
  std::vector<Reached> reached;           // each listener beyond loopback, asked from here; only while siltgate runs
  bool running = false;
};
/// Run on the host: can guests reach a listener, and what do they need?
Findings judge_guest(const GuestSeen& seen);
/// Run in the guest: `reached` is the host's siltgate, `no_proxy` and `proxy` are the guest's variables.
Findings judge_in_guest(const Reached& reached, const std::optional<std::string>& proxy, const std::optional<std::string>& no_proxy);

/// The trap of HTTP_PROXY without NO_PROXY for every client that starts where doctor did. `addresses`: "127.0.0.1:4290" …
std::optional<Finding> judge_no_proxy(const std::vector<std::string>& addresses, const std::string& proxy_name, const std::string& no_proxy);

}  // namespace siltgate::doctor
