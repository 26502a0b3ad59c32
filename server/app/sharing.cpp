// SPDX-License-Identifier: Apache-2.0
// This instance in the group of those that share their caps through Redis: joins it at start, says how it stands.
#include <unistd.h>

#include <boost/asio/ip/host_name.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "app/state.hpp"
#include "base/units.hpp"
#include "flow/pace.hpp"
#include "version.hpp"

namespace siltgate::app {
namespace {

/// Sixteen hexadecimal digits that no other process has.
std::string fresh_id() {
  std::random_device random;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", random(), random());
  return text;
}

/// A text another instance gave about itself; "" when there is none.
std::string told(const std::string& info, const char* what) {
  const auto json = nlohmann::json::parse(info, nullptr, false);
  if (!json.is_object() || !json.contains(what) || !json[what].is_string()) return {};
  return json[what];
}

std::string host_name() {
  ErrorCode error;
  std::string name = asio::ip::host_name(error);
  return error || name.empty() ? "unnamed" : name;
}

}  // namespace

void App::State::join_group() {
  auto address = shared::parse_redis_address(settings.shared.redis);
  if (!address) return;
  const std::string port = entries.empty() ? "" : ":" + std::to_string(entries.front()->port());
  shared::GroupConfig config;
  config.address = *address;
  config.prefix = settings.shared.prefix;
  config.member.id = fresh_id();
  config.member.info = nlohmann::json{{"name", host_name() + port}, {"version", SILTGATE_VERSION}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  config.member.salt = services.salt;
  config.member.lease = settings.shared.lease;
  config.member.refuse_when_down = settings.shared.refuse_when_down;
  group = std::make_unique<shared::Group>(io.get_executor(), std::move(config));
  turnstile.share(*group);
  turnstile.shared()->configure(services.config->queue);
  group->owner.outside = [this](Duration time) {
    log.info("Redis at " + group->where() + " is new or has just come back; joining in " + std::to_string(to_ms(time)) +
             " ms, after instances that shared it before");
  };
  group->owner.salt = [this](const std::string& salt) { services.salt = salt; };
  group->owner.note = [this](const std::string& name, const std::string& text) {
    flow::heed_told_quota(services.quota, name, text, std::chrono::system_clock::now());
  };
  group->owner.mode_changed = [this, scheduler = group->owner.mode_changed] {
    say_mode();
    scheduler();
    open_doors();
  };
}

void App::State::say_mode() {
  const int parts = group->member().parts();
  switch (group->mode()) {
    case shared::Mode::shared:
      return log.info("caps are shared through " + group->where() + ", " + counted(static_cast<std::uint64_t>(parts), "instance"));
    case shared::Mode::local:
      return log.warn("Redis at " + group->where() + " is down: " + group->trouble() + ". This instance goes on with " +
                      (parts > 1 ? "its part of the caps, one of " + std::to_string(parts) : std::string("the caps as configured")));
    case shared::Mode::refusing:
      return log.warn("Redis at " + group->where() + " is down: " + group->trouble() + ". Requests are refused (shared.when_down)");
    case shared::Mode::starting:
      break;
  }
}

std::optional<observe::SharedState> App::State::describe_group() const {
  if (!group) return {};
  const shared::Member& member = group->member();
  observe::SharedState out;
  out.redis = group->where();
  out.mode = shared::to_string(group->mode());
  out.trouble = group->trouble();
  out.settling = group->settling();
  out.since = Clock::now() - group->since();
  out.parts = member.parts();
  out.lost_permits = member.lost_count();
  for (const auto& row : member.instances()) {
    observe::InstanceRow& instance = out.instances.emplace_back();
    instance.name = told(row.info, "name");
    instance.version = told(row.info, "version");
    instance.self = row.id == member.config().id;
    instance.in_flight = row.held;
    instance.waiting = row.asking;
    instance.lease_left = row.lease_left;
  }
  group->look();  // for the next to ask
  return out;
}

}  // namespace siltgate::app
