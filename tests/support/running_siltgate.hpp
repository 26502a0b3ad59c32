// SPDX-License-Identifier: Apache-2.0
// siltgate itself, running in a thread of the test on a port the system chose, in front of a scripted upstream. Its settings
// are a document like a user's, its state and records are read as a user reads them: over HTTP.
//
//   RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
//   auto reply = TestClient::ask(siltgate.port());
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "app/app.hpp"
#include "support/scripted_upstream.hpp"
#include "support/test_client.hpp"

namespace siltgate::test {

class RunningSiltgate {
 public:
  /// The provider is named "up", has the profile zai, no cap to speak of and short timeouts; `changes` is merged over that
  /// (RFC 7396). Throws when the settings are refused or the start fails.
  /// `state_directory`: where what it learns outlives it.
  explicit RunningSiltgate(const ScriptedUpstream& upstream, std::string_view changes = "{}", std::string state_directory = {});
  /// The same for an upstream that is no ScriptedUpstream.
  explicit RunningSiltgate(const std::string& base_url, std::string_view changes = "{}", std::string state_directory = {});
  /// Cuts what still runs.
  ~RunningSiltgate();
  RunningSiltgate(const RunningSiltgate&) = delete;
  RunningSiltgate& operator=(const RunningSiltgate&) = delete;

  std::uint16_t port() const { return port_; }

  void stop() { app_->stop(); }
  /// Waits for run() to end. Only after stop(); throws TooLate.
  int exit_code(Deadline deadline = soon());
  /// Reloads with other changes over the same base; returns when they are in force or refused.
  void reload(std::string_view changes);

  nlohmann::json state() const;                 // GET api/state
  nlohmann::json exchanges() const;             // GET api/exchanges, newest first
  /// The newest record once there are `count` of them; throws TooLate.
  nlohmann::json wait_for_exchange(std::size_t count = 1, Deadline deadline = soon()) const;
  /// The record of one exchange, once it has ended; throws TooLate.
  nlohmann::json exchange(const std::string& id, Deadline deadline = soon()) const;
  /// False when the deadline passed first.
  bool wait_for_waiting(int count, Deadline deadline = soon()) const;
  bool wait_for_in_flight(int count, Deadline deadline = soon()) const;

 private:
  settings::Settings settings_with(std::string_view changes) const;
  nlohmann::json get(std::string_view path) const;

  std::string base_url_;
  std::mutex mutex_;
  std::string changes_;              // what a reload reads
  std::unique_ptr<app::App> app_;
  std::uint16_t port_ = 0;
  int exit_code_ = -1;
  Gate ended_;
  std::thread thread_;
};

}  // namespace siltgate::test
