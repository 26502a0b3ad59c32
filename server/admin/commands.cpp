// SPDX-License-Identifier: Apache-2.0
#include "admin/commands.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

#include "admin/replies.hpp"
#include "http/access.hpp"

namespace siltgate::admin {
namespace {

constexpr std::string_view exchanges = "api/exchanges/", cancel_suffix = "/cancel";
constexpr int most_cap = 10'000;

/// The id in "api/exchanges/ID/cancel"; empty when it is another path.
std::string_view id_to_cancel(std::string_view path) {
  if (!path.starts_with(exchanges) || !path.ends_with(cancel_suffix)) return {};
  path.remove_prefix(exchanges.size());
  if (path.size() <= cancel_suffix.size()) return {};
  return path.substr(0, path.size() - cancel_suffix.size());
}

bool page_is_ours(const Gate& gate) {
  const auto mark = gate.origin.find("://");
  const bool same = mark != std::string::npos && std::string_view(gate.origin).substr(mark + 3) == gate.host;
  return same && (gate.fetch_site.empty() || gate.fetch_site == "same-origin");
}

std::optional<Reply> refused(std::string_view path, const Gate& gate, const View& view) {
  if (gate.control_socket) return {};                                                                                  // 1
  if (path == "api/stop")                                                                                              // 2
    return text_reply(403, "siltgate: api/stop is for the control socket only; use `siltgate stop` on this machine\n");
  if (!page_is_ours(gate))                                                                                             // 3
    return text_reply(403, fmt::format("siltgate: {} takes requests of the dashboard only (an Origin that is this Host); use the siltgate "
                                       "command on this machine\n", path));
  if (view.token.empty() || !http::equal_secret(gate.token, view.token))                                               // 4
    return text_reply(403, "siltgate: the token is not that of this start; load the dashboard again\n");
  return {};
}

Reply set_cap(std::string_view body, View& view) {
  const auto ask = nlohmann::json::parse(body, nullptr, false);
  const auto word = [&](const char* name) { return ask.is_object() && ask.contains(name) && ask[name].is_string() ? ask[name].get<std::string>() : std::string(); };
  const bool number = ask.is_object() && ask.contains("cap") && ask["cap"].is_number_integer();
  const auto cap = number ? ask["cap"].get<std::int64_t>() : -1;
  if (cap < 0 || cap > most_cap || word("provider").empty())
    return text_reply(400, fmt::format("siltgate: api/cap takes {{\"provider\": …, \"key\": …, \"model\": …, \"cap\": N}}; N is 1 to {}, or 0 for what the "
                                       "configuration says\n", most_cap));
  if (!view.set_cap || !view.set_cap(word("provider"), word("key"), word("model"), static_cast<int>(cap)))
    return text_reply(404, "siltgate: no such row of provider, key and model; api/state lists them\n");
  return json_reply(200, fmt::format(R"({{"cap":{}}})", cap));
}

Reply reload(View& view) {
  const auto why_not = view.reload ? view.reload() : std::optional<std::string>("no configuration file is in use");
  if (why_not) return text_reply(409, "siltgate: the reload was refused: " + *why_not + "\n");
  return json_reply(200, R"({"reloaded":true})");
}

Reply cancel(std::string_view id, View& view) {
  if (view.cancel && view.cancel(std::string(id))) return json_reply(202, R"({"cancelled":true})");
  return text_reply(404, "siltgate: no exchange of this id is under way; it may have ended\n");
}

}  // namespace

std::string new_token() {
  std::random_device random;
  std::string token;
  for (int word = 0; word < 5; ++word) token += fmt::format("{:08x}", static_cast<std::uint32_t>(random()));
  return token;
}

bool is_command(std::string_view path) {
  return path == "api/reload" || path == "api/stop" || path == "api/cap" || !id_to_cancel(path).empty();
}

Reply command(std::string_view path, std::string_view body, const Gate& gate, View& view) {
  if (auto no = refused(path, gate, view)) return *no;
  if (path == "api/stop") {
    if (view.stop) view.stop();
    return json_reply(202, R"({"stopping":true})");
  }
  if (path == "api/cap") return set_cap(body, view);
  if (path == "api/reload") return reload(view);
  return cancel(id_to_cancel(path), view);
}

}  // namespace siltgate::admin
