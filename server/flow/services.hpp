// SPDX-License-Identifier: Apache-2.0
// What every exchange borrows from the App, which outlives it. One thread; no locks.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "flow/config.hpp"
#include "flow/spare_memory.hpp"
#include "flow/turnstile.hpp"
#include "http/error_reply.hpp"
#include "http/head.hpp"
#include "observe/capture_desk.hpp"
#include "observe/key_name.hpp"
#include "observe/record.hpp"
#include "route/route_table.hpp"
#include "schedule/quota_holds.hpp"
#include "schedule/repeat_guard.hpp"
#include "upstream/pool.hpp"

namespace siltgate::flow {

struct Exchange;

using Lines = std::function<void(const std::string&)>;

/// A page siltgate serves itself (admin path).
struct OwnPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  http::Fields fields{};
  std::string proxy_status{};   // "" = nothing went wrong
  /// Set: after `body`, text keeps coming until the client leaves. Called with the sink; returns what ends it.
  std::function<std::function<void()>(Lines sink)> follow{};
};

/// The listener a session came in on, as the configuration has it now: a reload changes it for the sessions that are there.
struct Door {
  std::vector<std::string> allow;   // CIDRs; empty = every peer
  bool closed = false;              // taken out of "listen": a session ends behind the exchange it is in
};

/// How a session came in.
struct Entrance {
  std::string local_address;        // the accepted local address
  std::string peer;                 // "127.0.0.1:4711" or "unix"
  std::string peer_address;
  std::shared_ptr<const Door> door;
  bool control_socket = false;
};

/// A session that waits for the first byte of a request.
struct AtRest {
  net::Watch* watch;
  const Door* door;
  bool control;      // came in over the control socket
  TimePoint since;
};

struct Services {
  asio::any_io_executor executor;
  std::shared_ptr<const Config> config;      // what new exchanges start with
  std::shared_ptr<const route::RouteTable> routes;
  Turnstile& turnstile;
  upstream::Pool& pool;
  schedule::RepeatGuard& repeat;
  std::span<char> scratch;                   // read buffer shared by all exchanges of the thread; free across a suspension
  SpareMemory spare{};                       // what prompts leave for the next
  std::mt19937_64 random{std::random_device{}()};
  /// From [0,1): what feeds jitter.
  double fraction() { return std::uniform_real_distribution<double>(0, 1)(random); }
  std::string salt = std::to_string(random());   // of the names of keys that have none
  observe::KeyNames key_names{};
  schedule::QuotaHolds quota{};
  bool draining = false;
  /// Of a key without a configured name. Instances that share their caps must come to it each on its own, so there it is long enough
  /// not to depend on others.
  std::string name_of_key(std::string_view credential) { return key_names.name(salt, credential, turnstile.shared() ? 8 : 4); }
  bool over = false;                         // the drain is done: the control socket is not served any more either
  std::unordered_set<Exchange*> live{};
  /// Bodies on their way right now, by session and hash: copies sent side by side are no loop.
  std::unordered_map<std::string, int> under_way{};
  std::list<AtRest> idle{};                 // sessions between two requests, the longest at rest first
  std::uint64_t body_bytes = 0;             // request bodies held now, of all exchanges; see HeldBody
  std::uint64_t answer_bytes = 0;           // answers held whole now

  observe::CaptureDesk captures{};

  /// The exchange is over: judged, logged, kept. Called once per exchange.
  std::function<void(observe::ExchangeRecord&&, observe::Recording&&)> settled{};
  /// A check found something and did not let it pass unmarked (--debug dumps it).
  std::function<void(const observe::ExchangeRecord&, const Finding&)> found{};
  /// Pages under the admin path; empty = not one of ours.
  std::function<std::optional<OwnPage>(const http::RequestHead&, std::string_view body, const Entrance&)> own_page{};
};

}  // namespace siltgate::flow
