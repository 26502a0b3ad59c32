// SPDX-License-Identifier: Apache-2.0
#include "route/route_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "route/path.hpp"

namespace siltgate::route {
namespace {

constexpr std::string_view version = "/v1";

Failure refuse(Cause cause, std::string detail) {
  Failure failure;
  failure.phase = Phase::route;
  failure.party = Party::client;
  failure.cause = cause;
  failure.detail = std::move(detail);
  return failure;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// By the path behind the base URL. /threads/…/messages and the like are other calls.
Dialect dialect_of(std::string_view method, std::string_view rest) {
  if (method != "POST") return Dialect::none;
  if (ends_with(rest, "/")) rest.remove_suffix(1);
  if (ends_with(rest, "/chat/completions")) return Dialect::openai_chat;
  if (rest == "/responses" || ends_with(rest, "/v1/responses")) return Dialect::openai_responses;
  if (rest == "/messages" || ends_with(rest, "/v1/messages")) return Dialect::anthropic_messages;
  return Dialect::none;
}

/// What browsers ask for on their own.
bool browser_noise(std::string_view path) {
  static constexpr std::array<std::string_view, 4> names{"/favicon.ico", "/robots.txt", "/sitemap.xml",
                                                         "/manifest.json"};
  return std::find(names.begin(), names.end(), path) != names.end() || has_prefix(path, "/.well-known") ||
         path.substr(0, 17) == "/apple-touch-icon";
}

/// As it may stand in a message: bounded, no quotes.
std::string shown(std::string_view path) {
  std::string out(path.substr(0, 100));
  std::replace(out.begin(), out.end(), '"', '?');
  return out;
}

std::string_view without_prefix(std::string_view path, std::string_view prefix) {
  return has_prefix(path, prefix) ? path.substr(prefix.size()) : path;
}

}  // namespace

RouteTable::RouteTable(std::vector<ProviderPaths> providers, std::size_t default_provider, std::string dashboard)
    : providers_(std::move(providers)), default_(default_provider), dashboard_(std::move(dashboard)) {}

// Longest match first: 1. the default provider's own full path; 2. /<provider>/…, behind which the same spellings hold:
// its full path, /v1, or neither; 3. /v1/X; 4. /X.
RouteTable::Match RouteTable::match(std::string_view path) const {
  const std::string& base = providers_[default_].base;
  auto name = first_segment(path);
  if (has_prefix(path, base) && base.size() > name.size() + 1) return {default_, path.substr(base.size())};  // 1
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    if (providers_[i].name != name) continue;
    auto rest = path.substr(name.size() + 1);
    if (has_prefix(rest, providers_[i].base)) return {i, rest.substr(providers_[i].base.size())};
    return {i, without_prefix(rest, version)};  // 2
  }
  if (has_prefix(path, base)) return {default_, path.substr(base.size())};  // 1, one segment long
  return {default_, without_prefix(path, version)};  // 3, 4
}

// 1. GET of a base URL itself: a person with a browser. 2. Browser noise, and the admin paths that nobody took.
// 3. A first segment in front of /v1 or of the full path, that names no provider: a mistyped name. Everything else is /X.
bool RouteTable::maps_to_nothing(std::string_view method, const Match& match, std::string_view path) const {
  const ProviderPaths& provider = providers_[match.provider];
  if (match.rest.empty() || match.rest == "/") return method == "GET";  // 1
  if (browser_noise(path) || has_prefix(path, "/-")) return true;  // 2
  auto behind = match.rest.substr(first_segment(match.rest).size() + 1);
  bool untouched = match.rest.size() == path.size();
  return untouched && (has_prefix(behind, version) || has_prefix(behind, provider.base));  // 3
}

Result<Route> RouteTable::find(std::string_view method, std::string_view target, std::string_view host) const {
  if (method == "CONNECT" || method == "TRACE")
    return refuse(Cause::bad_request, fmt::format("{} is not served here; siltgate is a reverse proxy, use it as the base "
                                                  "URL: {}", method, base_urls(host)));
  auto mark = target.find('?');
  auto query = mark == target.npos ? std::string_view{} : target.substr(mark);
  auto path = collapse_slashes(target.substr(0, mark));
  if (path.empty() || path.front() != '/' || climbs(path))
    return refuse(Cause::no_route, fmt::format("the path \"{}\" leads out of every base URL; base URLs here: {}",
                                               shown(path), base_urls(host)));
  auto found = match(path);
  if (maps_to_nothing(method, found, path)) {
    const std::string page = path == "/" ? fmt::format("; the dashboard: http://{}{}", host, dashboard_) : "";
    return refuse(Cause::no_route, fmt::format("nothing is at \"{}\"; base URLs here: {}{}", shown(path), base_urls(host), page));
  }
  Route route;
  route.provider = found.provider;
  route.target = providers_[found.provider].base + std::string(found.rest);
  if (route.target.empty()) route.target = "/";
  route.target += query;
  route.alive_check = method == "HEAD" && (found.rest.empty() || found.rest == "/");
  route.dialect = dialect_of(method, found.rest);
  route.inference = route.dialect != Dialect::none;
  return route;
}

std::string RouteTable::base_urls(std::string_view host) const {
  std::string out = fmt::format("http://{}/v1", host);
  for (const ProviderPaths& provider : providers_) out += fmt::format(", http://{}/{}/v1", host, provider.name);
  return out;
}

}  // namespace siltgate::route
