// SPDX-License-Identifier: Apache-2.0
// What exchanges ask of the App: judging, logging, keeping, and the admin pages.
#include <boost/asio/post.hpp>

#include "admin/api.hpp"
#include "app/state.hpp"
#include "observe/verdict.hpp"

namespace siltgate::app {

void App::State::wire() {
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
}

std::optional<flow::OwnPage> App::State::own_page(const http::RequestHead& head, std::string_view body,
                                                  const flow::Entrance& entrance) {
  // The command line does not know admin.path: on the control socket it is always the default.
  const std::string path = entrance.control_socket ? settings::Admin{}.path : settings.admin.path;
  if (!admin::is_admin_target(head.target, path)) return {};
  admin::Gate gate;
  gate.control_socket = entrance.control_socket;
  gate.peer_ip = entrance.peer_address;
  gate.host = head.host;
  gate.local_ip = entrance.local_address;
  gate.allow = settings.admin.allow;
  gate.allowed_hosts = settings.admin.allowed_hosts;
  admin::View view;
  view.path = path;
  view.history = &history;
  view.state_json = [this] { return observe::state_to_json(describe()); };
  view.metrics = [this] { return metrics.expose(describe()); };
  view.not_ready = [this] { return std::string(stopping ? "draining" : ""); };
  view.reload = [this]() -> std::optional<std::string> {
    reload();
    if (last_reload_error.empty()) return {};
    return last_reload_error;
  };
  view.stop = [this] { asio::post(io, [this] { stop(); }); };
  view.now = [] { return std::chrono::system_clock::now(); };
  view.secrets = secrets;
  admin::Reply reply = admin::answer(head.method, head.target, body, gate, view);

  flow::OwnPage page;
  page.status = reply.status;
  page.content_type = std::move(reply.content_type);
  page.body = std::move(reply.body);
  for (const auto& [name, value] : reply.fields) page.fields.add(name, value);
  if (reply.follow != admin::Follow::none) {
    page.follow = [this, kind = reply.follow, filter = reply.filter](flow::Lines sink) -> std::function<void()> {
      auto subscription = history.subscribe([this, kind, filter, sink](const observe::RecordPtr& record) {
        if (filter.matches(*record)) sink(admin::follow_item(*record, kind, secrets));
      });
      return [this, subscription] { history.unsubscribe(subscription); };
    };
  }
  return page;
}

}  // namespace siltgate::app
