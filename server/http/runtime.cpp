// SPDX-License-Identifier: Apache-2.0
#include "http/runtime.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "http/fields.hpp"
#include "http/grammar.hpp"

namespace siltgate::http {
namespace {

struct Version {
  std::array<int, 3> parts{};
  bool prerelease = false;  // "1.3.14-canary": older than the release of that number

  bool at_least(std::array<int, 3> other) const { return parts > other || (parts == other && !prerelease); }
};

/// "1.3.14…"; missing parts are 0; empty when it does not start with a number.
std::optional<Version> parse_version(std::string_view text) {
  Version version;
  for (std::size_t i = 0; i < version.parts.size(); ++i) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version.parts[i]);
    if (error != std::errc{} || version.parts[i] < 0) {
      if (i == 0) return {};
      break;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() || text.front() != '.') break;
    text.remove_prefix(1);
  }
  version.prerelease = !text.empty() && text.front() == '-';
  return version;
}

/// The word after `product` + "/" where a product starts, e.g. the version in "x/1 runtime/bun/1.3.5" for "runtime/bun".
std::optional<std::string_view> after_product(std::string_view agent, std::string_view product) {
  for (std::size_t at = 0; at + product.size() < agent.size(); ++at) {
    bool starts = at == 0 || agent[at - 1] == ' ';
    if (!starts || !same_name(agent.substr(at, product.size()), product) || agent[at + product.size()] != '/') continue;
    auto rest = agent.substr(at + product.size() + 1);
    return rest.substr(0, rest.find(' '));
  }
  return {};
}

/// Named anywhere with a version, or as the first word ("node", "OpenAI/Python 2.1.0").
bool mentions(std::string_view agent, std::string_view product) {
  bool first = same_name(agent.substr(0, product.size()), product) &&
               (agent.size() == product.size() || agent[product.size()] == ' ');
  return first || after_product(agent, product).has_value();
}

std::optional<Version> version_of(std::string_view agent, std::string_view product) {
  auto text = after_product(agent, product);
  return text ? parse_version(*text) : std::nullopt;
}

}  // namespace

// 1. Bun by its number, wherever it is named: fixed in 1.3.14 (oven-sh/bun 28706). 2. Runtimes that never replay.
// 3. opencode without a runtime: 1.15.13 and later bundle the fixed Bun. 4. Everything else may replay; this includes
// OpenAI/JS and Anthropic/JS, whose User-Agent does not say what they run on.
bool may_replay_posts(std::string_view agent) {
  static constexpr std::array<std::string_view, 18> safe{
      "node",           "undici",     "runtime/node.js",  "runtime/node",   "python-httpx",     "python-requests",
      "Python-urllib",  "aiohttp",    "OpenAI/Python",    "AsyncOpenAI/Python", "Anthropic/Python",
      "AsyncAnthropic/Python", "litellm", "curl",         "Wget",           "Go-http-client",   "node.js",
      "Python"};
  for (auto name : {"runtime/bun", "bun"})  // 1
    if (after_product(agent, name)) {
      auto version = version_of(agent, name);
      return !version || !version->at_least({1, 3, 14});
    }
  if (std::any_of(safe.begin(), safe.end(), [&](auto name) { return mentions(agent, name); })) return false;  // 2
  auto opencode = version_of(agent, "opencode");  // 3
  return !opencode || !opencode->at_least({1, 15, 13});  // 4
}

bool close_after_response(KeepAlive setting, std::string_view agent) {
  if (setting == KeepAlive::always) return false;
  return setting == KeepAlive::never || may_replay_posts(agent);
}

StreamFailure failure_for(StreamFailure setting, std::string_view agent) {
  if (setting != StreamFailure::automatic) return setting;
  auto opencode = version_of(agent, "opencode");
  bool old = opencode && opencode->parts < std::array<int, 3>{1, 15, 0};
  return old ? StreamFailure::abort : StreamFailure::error_event;
}

std::string_view product_of(std::string_view agent) {
  auto end = std::find_if(agent.begin(), agent.end(), [](char c) { return c == ' ' || !value_character(c) || c == '\t'; });
  auto product = agent.substr(0, static_cast<std::size_t>(end - agent.begin())).substr(0, 64);
  return product.empty() ? "-" : product;
}

}  // namespace siltgate::http
