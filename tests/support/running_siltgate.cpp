// SPDX-License-Identifier: Apache-2.0
#include "support/running_siltgate.hpp"

#include <fmt/format.h>

#include "settings/load.hpp"

namespace siltgate::test {
namespace {

using nlohmann::json;

json base_settings(const std::string& base_url) {
  json provider{{"base_url", base_url}, {"profile", "zai"}, {"limits", {{"concurrency", 1000}}}};
  provider["timeouts"] = {{"connect", "2s"}, {"first_byte", "5s"}, {"idle", "5s"}};
  json all{{"listen", {"127.0.0.1:0"}}, {"providers", {{"up", provider}}}, {"drain", "5s"}};
  all["limits"]["repeat"]["max"] = 0;
  all["log"]["level"] = "error";
  all["capture"]["mode"] = "off";
  return all;
}

/// Files are the machine's, environment and keychain are empty.
settings::Machine quiet_machine() {
  settings::Machine machine = settings::this_machine();
  machine.env = [](const std::string&) -> std::optional<std::string> { return {}; };
  machine.keychain = [](const std::string&) { return settings::KeychainAnswer{{}, "no keychain in tests"}; };
  return machine;
}

/// Asks again and again, with a pause so that the asking does not fill the one thread it asks.
template <class Reached>
bool asked_until(Deadline deadline, Reached reached) {
  while (!reached()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace

RunningSiltgate::RunningSiltgate(const ScriptedUpstream& upstream, std::string_view changes, std::string state_directory)
    : RunningSiltgate(upstream.url(), changes, std::move(state_directory)) {}

RunningSiltgate::RunningSiltgate(const std::string& base_url, std::string_view changes, std::string state_directory)
    : base_url_(base_url), changes_(changes) {
  app::Surroundings surroundings;
  surroundings.state_directory = std::move(state_directory);
  surroundings.control_socket = false;
  surroundings.read_settings = [this]() -> std::variant<settings::Settings, std::string> {
    std::lock_guard lock(mutex_);
    try {
      return settings_with(changes_);
    } catch (const std::runtime_error& refused) {
      return std::string(refused.what());
    }
  };
  app_ = std::make_unique<app::App>(settings_with(changes), std::move(surroundings));
  if (auto failed = app_->start()) throw std::runtime_error("no start: " + failed->message);
  port_ = app_->ports().front();
  thread_ = std::thread([this] {
    exit_code_ = app_->run();
    ended_.open();
  });
}

RunningSiltgate::~RunningSiltgate() {
  if (!thread_.joinable()) return;
  app_->stop();
  app_->stop();  // the second time cuts
  thread_.join();
}

settings::Settings RunningSiltgate::settings_with(std::string_view changes) const {
  json all = base_settings(base_url_);
  all.merge_patch(json::parse(changes));
  auto outcome = settings::load_text("test.jsonc", all.dump(2), quiet_machine());
  if (auto* refused = std::get_if<settings::Refused>(&outcome)) throw std::runtime_error(refused->text());
  return std::get<settings::Loaded>(outcome).settings;
}

int RunningSiltgate::exit_code(Deadline deadline) {
  if (!ended_.wait(deadline)) throw TooLate("siltgate did not end");
  if (thread_.joinable()) thread_.join();
  return exit_code_;
}

void RunningSiltgate::reload(std::string_view changes) {
  {
    std::lock_guard lock(mutex_);
    changes_ = changes;
  }
  app_->reload();
  state();  // asked later, answered later: one thread does both
}

json RunningSiltgate::get(std::string_view path) const {
  TestClient client(port_);
  client.get(path);
  auto reply = client.read_reply();
  if (reply.status != 200) throw std::runtime_error(fmt::format("{}: {} {}", path, reply.status, reply.body));
  return json::parse(reply.body);
}

json RunningSiltgate::state() const { return get("/-/api/state"); }
json RunningSiltgate::exchanges() const { return get("/-/api/exchanges?limit=500"); }

json RunningSiltgate::wait_for_exchange(std::size_t count, Deadline deadline) const {
  json all;
  if (!asked_until(deadline, [&] { return (all = exchanges()).size() >= count; }))
    throw TooLate(fmt::format("{} exchanges instead of {}", all.size(), count));
  return all.front();
}

json RunningSiltgate::exchange(const std::string& id, Deadline deadline) const {
  Reply reply;
  const bool found = asked_until(deadline, [&] {
    TestClient client(port_);
    client.get("/-/api/exchanges/" + id);
    reply = client.read_reply();
    return reply.status == 200;
  });
  if (!found) throw TooLate("no exchange " + id);
  return json::parse(reply.body);
}

bool RunningSiltgate::wait_for_waiting(int count, Deadline deadline) const {
  return asked_until(deadline, [&] { return state().at("waiting_total") == count; });
}

bool RunningSiltgate::wait_for_in_flight(int count, Deadline deadline) const {
  return asked_until(deadline, [&] { return state().at("in_flight") == count; });
}

}  // namespace siltgate::test
