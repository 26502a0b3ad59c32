// SPDX-License-Identifier: Apache-2.0
// Settings into force, at start and at every reload. Exchanges in flight keep the Config they began with.
#include "app/process.hpp"
#include "app/state.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::app {
namespace {

/// The embedded provider lives behind a port that is known only now.
void lead_to_demo(flow::Config& config, const demo::Demo& demo) {
  for (auto& provider : config.providers) {
    if (provider.base_url.scheme != "demo") continue;
    provider.base_url = *parse_url("http://127.0.0.1:" + std::to_string(demo.port()) + "/v1");
  }
}

bool wants_demo(const flow::Config& config) {
  for (const auto& provider : config.providers)
    if (provider.base_url.scheme == "demo") return true;
  return false;
}

Secrets secrets_of(const settings::Settings& settings) {
  Secrets secrets;
  for (const auto& provider : settings.flow.providers)
    for (const auto& key : provider.keys) secrets.add(key.value);
  for (const auto& [name, token] : settings.client_tokens) secrets.add(token);
  if (auto redis = shared::parse_redis_address(settings.shared.redis); redis) secrets.add(redis->password);
  return secrets;
}

}  // namespace

void App::State::apply(settings::Settings next) {
  for (auto& [name, token] : settings.client_tokens) cleanse(token);
  settings = std::move(next);
  log.configure(settings.log);
  secrets = secrets_of(settings);
  apply_capture();
  if (wants_demo(settings.flow) && !demo) {
    demo = std::make_unique<demo::Demo>(io.get_executor());
    demo->listen();
  }
  bound_sessions();
  auto config = std::make_shared<flow::Config>(settings.flow);
  if (demo) lead_to_demo(*config, *demo);
  config->access.allowed_hosts = settings.admin.allowed_hosts;
  config->client_tokens = settings.client_tokens;
  std::vector<std::pair<std::string, schedule::ProviderLimits>> limits;
  for (const auto& provider : config->providers) limits.emplace_back(provider.name, provider.limits);
  admission.configure(limits, config->total_concurrency, config->queue, Clock::now());
  admission.import_state(std::exchange(learned, {}), Clock::now());
  std::vector<route::ProviderPaths> paths;
  std::size_t by_default = 0;
  for (const auto& provider : config->providers) {
    if (provider.name == config->default_provider) by_default = paths.size();
    paths.push_back({provider.name, provider.base_url.path});
  }
  repeat.configure(config->repeat);
  services.routes = std::make_shared<route::RouteTable>(std::move(paths), by_default, settings.admin.path);
  services.config = std::move(config);
  if (turnstile.shared()) turnstile.shared()->configure(services.config->queue);
  pool.renew_trust();
  name_keys();
  turnstile.settle();
}

/// Keys that have got a name: what runs under their hash goes along now, not when the next request comes, because the other instances
/// on the same caps look for it under the name.
void App::State::name_keys() {
  if (!turnstile.shared()) return;
  for (const auto& provider : services.config->providers)
    for (const auto& key : provider.keys) turnstile.rename_key(provider.name, services.name_of_key(key.value), key.name);
}

void App::State::bound_sessions() {
  most_sessions = settings.flow.connections;
  const std::size_t fit = connections_that_fit(settings.flow.providers.size());
  if (fit >= static_cast<std::size_t>(most_sessions)) return;
  most_sessions = static_cast<int>(fit);
  log.warn("limits.connections " + std::to_string(settings.flow.connections) + " does not fit the descriptors this process may open; " +
           std::to_string(fit) + " connections are accepted at once. Raise LimitNOFILE of the service or `ulimit -n`");
}

/// Captures need a state directory; without one they are off.
void App::State::apply_capture() {
  const std::string folder = surroundings.state_directory.empty() ? "" : surroundings.state_directory + "/captures";
  if (folder.empty() && settings.capture.mode != observe::CaptureMode::off) {
    constexpr auto nowhere = "nothing is captured: there is no state directory; set HOME, XDG_STATE_HOME or STATE_DIRECTORY";
    settings.capture.mode == observe::CaptureMode::all ? log.warn(nowhere) : log.info(nowhere);
  }
  services.captures.configure(settings.capture, folder, secrets, [this](bool trouble, const std::string& sentence) {
    trouble ? log.warn(sentence) : log.info(sentence);
  });
}

}  // namespace siltgate::app
