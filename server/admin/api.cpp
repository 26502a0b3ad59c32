// SPDX-License-Identifier: Apache-2.0
#include "admin/api.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "admin/captures.hpp"
#include "admin/commands.hpp"
#include "admin/page.hpp"
#include "admin/replies.hpp"
#include "base/ascii.hpp"
#include "base/units.hpp"
#include "observe/explain.hpp"
#include "observe/record_json.hpp"

namespace siltgate::admin {
namespace {

using Query = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t default_limit = 50, most_limit = 500;

Query parse_query(std::string_view query) {
  Query out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    const auto equals = pair.find('=');
    out[percent_decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? std::string() : percent_decoded(pair.substr(equals + 1));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
  }
  return out;
}

std::string value_of(const Query& query, std::string_view name) {
  auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

/// Fills the filter; the text of a 400 when a value is not understood.
std::optional<std::string> read_filter(const Query& query, View& view, observe::Filter& filter) {
  if (const std::string verdict = value_of(query, "verdict"); !verdict.empty()) {
    filter.verdict = observe::parse_blame(verdict);
    if (!filter.verdict) return "siltgate: verdict must be one of intact, provider, network, client, siltgate, unknown\n";
  }
  if (const std::string since = value_of(query, "since"); !since.empty()) {
    const auto back = parse_duration(since);
    if (back) filter.since = view.now() - std::chrono::duration_cast<WallTime::duration>(*back);
    if (!back) filter.since = observe::parse_iso8601(since);
    if (!filter.since) return "siltgate: since must be a duration (10m) or a time (2026-11-23T23:20:36Z)\n";
  }
  return {};
}

/// The records a query asks for, newest first; the text of a 400 in `wrong`.
std::vector<observe::RecordPtr> wanted(const Query& query, View& view, observe::Filter& filter, std::size_t limit, std::optional<std::string>& wrong) {
  wrong = read_filter(query, view, filter);
  if (const std::string given = value_of(query, "limit"); !wrong && !given.empty()) {
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), limit);
    if (error != std::errc{} || end != given.data() + given.size() || limit > most_limit)
      wrong = fmt::format("siltgate: limit must be a number up to {}\n", most_limit);
  }
  if (wrong) return {};
  return view.history->list(filter, limit);
}

Reply list_exchanges(const Query& query, View& view) {
  observe::Filter filter;
  std::optional<std::string> wrong;
  const auto records = wanted(query, view, filter, default_limit, wrong);
  if (wrong) return text_reply(400, *wrong);
  std::string body;
  for (const observe::RecordPtr& record : records)
    body += (body.empty() ? "" : ",\n") + observe::record_to_json(*record, view.secrets);
  return json_reply(200, "[" + body + "]");
}

template <class Number>
Number number_of(const Query& query, std::string_view name) {
  const std::string given = value_of(query, name);
  Number out = 0;
  std::from_chars(given.data(), given.data() + given.size(), out);
  return out;
}

/// Takes `suffix` off the end of `name`; false when it does not stand there.
bool cut_suffix(std::string_view& name, std::string_view suffix) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return true;
}

Reply one_exchange(std::string_view name, const Query& query, View& view) {
  const bool explained = cut_suffix(name, "/explain"), captured = !explained && cut_suffix(name, "/capture");
  const observe::RecordPtr record = view.history->find(percent_decoded(name));
  if (!record)
    return text_reply(404, "siltgate: no such exchange; it may be older than the history, not finished, or the id is ambiguous\n");
  if (captured)
    return capture_page(record->id, {value_of(query, "view"), number_of<int>(query, "attempt"), number_of<std::uint64_t>(query, "event")}, view);
  if (explained) return text_reply(200, observe::explain(*record, value_of(query, "colour") == "1", view.secrets));
  return json_reply(200, observe::record_to_json(*record, view.secrets));
}

Reply follow_events(const Query& query, const Gate& gate, View& view) {
  Reply reply;
  std::optional<std::string> wrong;
  const auto before = wanted(query, view, reply.filter, 0, wrong);
  if (wrong) return text_reply(400, *wrong);
  const std::string format = value_of(query, "format");
  if (!format.empty() && format != "sse" && format != "json_lines")
    return text_reply(400, "siltgate: format must be sse or json_lines\n");
  const bool lines = format.empty() ? gate.control_socket : format == "json_lines";
  reply.follow = lines ? Follow::json_lines : Follow::sse;
  reply.content_type = lines ? "application/x-ndjson" : "text/event-stream";
  reply.with_state = !lines && value_of(query, "state") == "1";
  reply.body = lines ? "" : ": siltgate\n\n";
  for (auto record = before.rbegin(); record != before.rend(); ++record) reply.body += follow_item(**record, reply.follow, view.secrets);
  return reply;
}

Reply get(std::string_view path, const Query& query, const Gate& gate, View& view) {
  constexpr std::string_view exchanges = "api/exchanges/";
  if (auto page = page_file(path, view)) return *page;
  if (path == "healthz") return text_reply(200, "ok\n");
  if (path == "readyz") {
    const std::string reason = view.not_ready ? view.not_ready() : std::string();
    return reason.empty() ? text_reply(200, "ready\n") : text_reply(503, reason + "\n");
  }
  if (path == "metrics") {
    Reply reply = text_reply(200, view.metrics());
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return reply;
  }
  if (path == "api/state") return json_reply(200, view.state_json());
  if (path == "api/exchanges") return list_exchanges(query, view);
  if (path == "api/events") return follow_events(query, gate, view);
  if (path.size() > exchanges.size() && path.substr(0, exchanges.size()) == exchanges)
    return one_exchange(path.substr(exchanges.size()), query, view);
  return text_reply(404, fmt::format("siltgate: no such admin path; there are the dashboard, healthz, readyz, metrics, api/state, api/exchanges, "
                               "api/events under {}\n", view.path));
}

/// Links inside the page are relative to the folder.
Reply to_page(const View& view) {
  Reply reply = text_reply(308, "siltgate: the dashboard is at " + view.path + "\n");
  reply.fields.emplace_back("Location", view.path);
  return reply;
}

}  // namespace

bool is_admin_target(std::string_view target, std::string_view admin_path) {
  target = target.substr(0, target.find('?'));
  const std::string_view bare = admin_path.substr(0, admin_path.size() - (admin_path.size() > 1 && admin_path.back() == '/'));
  return target == bare || target.substr(0, admin_path.size()) == admin_path;
}

Reply answer(std::string_view method, std::string_view target, std::string_view body, const Gate& gate, View& view) {
  if (auto refused = refusal(gate)) return text_reply(403, *refused);
  const auto mark = target.find('?');
  const Query query = parse_query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
  std::string_view path = target.substr(0, mark);
  if (!is_admin_target(path, view.path)) return text_reply(404, "siltgate: not an admin path\n");
  if (path.size() < view.path.size()) return to_page(view);
  path.remove_prefix(view.path.size());
  Reply reply;
  if (is_command(path))
    reply = method == "POST" ? command(path, body, gate, view) : only("POST");
  else
    reply = method == "GET" || method == "HEAD" ? get(path, query, gate, view) : only("GET, HEAD");
  if (method == "HEAD") reply.follow = Follow::none;
  reply.fields.emplace_back("X-Content-Type-Options", "nosniff");
  return reply;
}

std::string follow_item(const observe::ExchangeRecord& record, Follow follow, std::span<const std::string> secrets) {
  const std::string json_text = observe::record_to_json(record, secrets);
  return follow == Follow::sse ? "event: exchange\ndata: " + json_text + "\n\n" : json_text + "\n";
}

}  // namespace siltgate::admin
