// SPDX-License-Identifier: Apache-2.0
#include "admin/api.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "base/units.hpp"
#include "observe/explain.hpp"
#include "observe/record_json.hpp"

namespace siltgate::admin {
namespace {

using Query = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t default_limit = 50, most_limit = 500;

Reply text(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

Reply json(int status, std::string body) {
  Reply reply = text(status, std::move(body) + "\n");
  reply.content_type = "application/json";
  return reply;
}

Reply only(std::string_view methods) {
  Reply reply = text(405, fmt::format("siltgate: this admin path takes {} only\n", methods));
  reply.fields.emplace_back("Allow", methods);
  return reply;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = static_cast<char>(c | 0x20);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text_in) {
  std::string out;
  for (std::size_t i = 0; i < text_in.size(); ++i) {
    const bool escape = text_in[i] == '%' && i + 2 < text_in.size() && hex(text_in[i + 1]) >= 0 && hex(text_in[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex(text_in[i + 1]) * 16 + hex(text_in[i + 2])) : text_in[i];
    if (escape) i += 2;
  }
  return out;
}

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
  if (wrong) return text(400, *wrong);
  std::string body;
  for (const observe::RecordPtr& record : records)
    body += (body.empty() ? "" : ",\n") + observe::record_to_json(*record, view.secrets);
  return json(200, "[" + body + "]");
}

Reply one_exchange(std::string_view name, const Query& query, View& view) {
  constexpr std::string_view explain_suffix = "/explain";
  const bool explained =
      name.size() > explain_suffix.size() && name.substr(name.size() - explain_suffix.size()) == explain_suffix;
  if (explained) name.remove_suffix(explain_suffix.size());
  const observe::RecordPtr record = view.history->find(percent_decoded(name));
  if (!record)
    return text(404, "siltgate: no such exchange; it may be older than the history, not finished, or the id is ambiguous\n");
  if (explained) return text(200, observe::explain(*record, value_of(query, "colour") == "1", view.secrets));
  return json(200, observe::record_to_json(*record, view.secrets));
}

Reply follow_events(const Query& query, const Gate& gate, View& view) {
  Reply reply;
  std::optional<std::string> wrong;
  const auto before = wanted(query, view, reply.filter, 0, wrong);
  if (wrong) return text(400, *wrong);
  const std::string format = value_of(query, "format");
  if (!format.empty() && format != "sse" && format != "json_lines")
    return text(400, "siltgate: format must be sse or json_lines\n");
  const bool lines = format.empty() ? gate.control_socket : format == "json_lines";
  reply.follow = lines ? Follow::json_lines : Follow::sse;
  reply.content_type = lines ? "application/x-ndjson" : "text/event-stream";
  reply.body = lines ? "" : ": siltgate\n\n";
  for (auto record = before.rbegin(); record != before.rend(); ++record) reply.body += follow_item(**record, reply.follow, view.secrets);
  return reply;
}

Reply post(std::string_view path, const Gate& gate, View& view) {
  if (!gate.control_socket)
    return text(403, fmt::format("siltgate: {} is for the control socket only; use the siltgate command on this machine\n",
                                 path));
  if (path == "api/stop") {
    if (view.stop) view.stop();
    return json(202, R"({"stopping":true})");
  }
  const auto refused = view.reload ? view.reload() : std::optional<std::string>("no configuration file is in use");
  if (refused) return text(409, "siltgate: the reload was refused: " + *refused + "\n");
  return json(200, R"({"reloaded":true})");
}

Reply get(std::string_view path, const Query& query, const Gate& gate, View& view) {
  constexpr std::string_view exchanges = "api/exchanges/";
  if (path == "healthz") return text(200, "ok\n");
  if (path == "readyz") {
    const std::string reason = view.not_ready ? view.not_ready() : std::string();
    return reason.empty() ? text(200, "ready\n") : text(503, reason + "\n");
  }
  if (path == "metrics") {
    Reply reply = text(200, view.metrics());
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return reply;
  }
  if (path == "api/state") return json(200, view.state_json());
  if (path == "api/exchanges") return list_exchanges(query, view);
  if (path == "api/events") return follow_events(query, gate, view);
  if (path.size() > exchanges.size() && path.substr(0, exchanges.size()) == exchanges)
    return one_exchange(path.substr(exchanges.size()), query, view);
  return text(404, fmt::format("siltgate: no such admin path; there are healthz, readyz, metrics, api/state, api/exchanges, "
                               "api/events under {}\n", view.path));
}

}  // namespace

bool is_admin_target(std::string_view target, std::string_view admin_path) {
  target = target.substr(0, target.find('?'));
  const std::string_view bare = admin_path.substr(0, admin_path.size() - (admin_path.size() > 1 && admin_path.back() == '/'));
  return target == bare || target.substr(0, admin_path.size()) == admin_path;
}

Reply answer(std::string_view method, std::string_view target, std::string_view, const Gate& gate, View& view) {
  if (auto refused = refusal(gate)) return text(403, *refused);
  const auto mark = target.find('?');
  const Query query = parse_query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
  std::string_view path = target.substr(0, mark);
  if (!is_admin_target(path, view.path)) return text(404, "siltgate: not an admin path\n");
  path.remove_prefix(std::min(path.size(), view.path.size()));
  Reply reply;
  if (path == "api/reload" || path == "api/stop")
    reply = method == "POST" ? post(path, gate, view) : only("POST");
  else
    reply = method == "GET" || method == "HEAD" ? get(path, query, gate, view) : only("GET, HEAD");
  if (method == "HEAD") reply.follow = Follow::none;
  reply.fields.emplace_back("Cache-Control", "no-store");
  reply.fields.emplace_back("X-Content-Type-Options", "nosniff");
  return reply;
}

std::string follow_item(const observe::ExchangeRecord& record, Follow follow, const std::vector<std::string>& secrets) {
  const std::string json_text = observe::record_to_json(record, secrets);
  return follow == Follow::sse ? "event: exchange\ndata: " + json_text + "\n\n" : json_text + "\n";
}

}  // namespace siltgate::admin
