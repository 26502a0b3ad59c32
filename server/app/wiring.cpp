// SPDX-License-Identifier: Apache-2.0
// What exchanges ask of the App: judging, logging, keeping, and the admin pages.
#include <boost/asio/post.hpp>

#include <filesystem>

#include "admin/captures.hpp"
#include "app/state.hpp"
#include "flow/exchange.hpp"
#include "observe/capture_files.hpp"
#include "observe/verdict.hpp"

namespace siltgate::app {

void App::State::wire() {
  history.subscribe([this](const observe::RecordPtr& record) { feed.ended(record); });
  services.settled = [this](observe::ExchangeRecord&& record, observe::Recording&& capture) { settled(std::move(record), std::move(capture)); };
  services.found = [this](const observe::ExchangeRecord& record, const Finding& finding) {
    log.finding(finding, record.id, secrets);
  };
  services.own_page = [this](const http::RequestHead& head, std::string_view body, const flow::Entrance& entrance) {
    return own_page(head, body, entrance);
  };
}

void App::State::settled(observe::ExchangeRecord&& record, observe::Recording&& capture) {
  if (auto replayed = history.replayed(record)) record.replay_of = replayed->id;
  record.verdict = observe::judge(record);
  metrics.count(record);
  key_stats.count(record);
  log.exchange(record);
  services.captures.finish(std::move(capture), record);
  history.add(std::move(record));
  memory_given_back = false;
}

/// The exchange of this id ends now, wherever it stands; its permit returns with it.
bool App::State::cancel(const std::string& id) {
  auto running = services.live;
  for (flow::Exchange* x : running) {
    if (x->record.id != id || x->answered || x->record.provider.empty()) continue;
    log.info("cancelled by the operator: " + id);
    x->client.watch().raise(net::Wake::cancelled);
    return true;
  }
  return false;
}

bool App::State::set_cap(const std::string& provider, const std::string& key, const std::string& model, int cap) {
  if (!admission.set_cap(provider, key, model, cap, Clock::now())) return false;
  if (turnstile.shared()) turnstile.shared()->configure(services.config->queue);
  const std::string row = provider + "/" + (key.empty() ? "-" : key) + (model.empty() ? "" : "/" + model);
  log.info(cap > 0 ? "the operator set the cap of " + row + " to " + std::to_string(cap) + ", until the next reload"
                   : "the operator gave the cap of " + row + " back to the configuration");
  turnstile.settle();
  return true;
}

admin::View App::State::admin_view(const std::string& path) {
  admin::View view;
  view.path = path;
  view.history = &history;
  view.state_json = [this] { return observe::state_to_json(describe()); };
  view.metrics = [this] { return metrics.expose(describe()); };
  view.not_ready = [this] {
    if (stopping) return std::string("draining");
    return group && group->mode() == shared::Mode::refusing ? "Redis is down: " + group->trouble() : std::string();
  };
  view.reload = [this]() -> std::optional<std::string> {
    if (!surroundings.read_settings) return "no configuration file is in use";
    reload();
    if (last_reload_error.empty()) return {};
    return last_reload_error;
  };
  view.stop = [this] { asio::post(io, [this] { stop(); }); };
  view.now = [] { return std::chrono::system_clock::now(); };
  view.secrets = secrets;
  view.token = admin_token;
  view.cancel = [this](const std::string& id) { return cancel(id); };
  view.set_cap = [this](const std::string& provider, const std::string& key, const std::string& model, int cap) {
    return set_cap(provider, key, model, cap);
  };
  view.capture = [this](const std::string& id) -> std::optional<admin::CaptureFile> {
    if (surroundings.state_directory.empty()) return {};
    const auto found = observe::find_capture({surroundings.state_directory + "/captures"}, id);
    std::error_code gone;
    const auto size = found.path.empty() ? 0 : std::filesystem::file_size(found.path, gone);
    if (found.path.empty() || gone) return {};
    if (size > admin::longest_capture) return admin::CaptureFile{size, {}};
    auto text = observe::read_file(found.path);
    if (!text) return {};
    return admin::CaptureFile{size, std::move(*text)};
  };
  return view;
}

std::optional<flow::OwnPage> App::State::own_page(const http::RequestHead& head, std::string_view body,
                                                  const flow::Entrance& entrance) {
  // The command line does not know admin.path: on the control socket it is always the default.
  const std::string path = entrance.control_socket ? settings::Admin{}.path : settings.admin.path;
  if (!admin::is_admin_target(head.target, path)) return {};
  const auto field = [&head](std::string_view name) { return std::string(head.fields.find(name).value_or("")); };
  admin::Gate gate;
  gate.control_socket = entrance.control_socket;
  gate.peer_ip = entrance.peer_address;
  gate.host = head.host;
  gate.local_ip = entrance.local_address;
  gate.origin = field("Origin");
  gate.fetch_site = field("Sec-Fetch-Site");
  gate.token = field("siltgate-token");
  gate.allow = settings.admin.allow;
  gate.allowed_hosts = settings.admin.allowed_hosts;
  admin::View view = admin_view(path);
  admin::Reply reply = admin::answer(head.method, head.target, body, gate, view);

  flow::OwnPage page;
  page.status = reply.status;
  page.content_type = std::move(reply.content_type);
  page.body = std::move(reply.body);
  for (const auto& [name, value] : reply.fields) page.fields.add(name, value);
  if (reply.follow != admin::Follow::none) page.follow = follower(reply);
  return page;
}

std::function<std::function<void()>(flow::Lines)> App::State::follower(const admin::Reply& reply) {
  if (reply.with_state)
    return [this, filter = reply.filter](flow::Lines sink) -> std::function<void()> {
      const auto reader = feed.add(filter, std::move(sink));
      return [this, reader] { feed.remove(reader); };
    };
  return [this, kind = reply.follow, filter = reply.filter](flow::Lines sink) -> std::function<void()> {
    auto subscription = history.subscribe([this, kind, filter, sink](const observe::RecordPtr& record) {
      if (filter.matches(*record)) sink(admin::follow_item(*record, kind, secrets));
    });
    return [this, subscription] { history.unsubscribe(subscription); };
  };
}

}  // namespace siltgate::app
