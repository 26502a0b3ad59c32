// SPDX-License-Identifier: Apache-2.0
#include "net/proxy.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace siltgate::net {
namespace {

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.substr(0, 4) == "127." ||
         (host.size() > 10 && host.substr(host.size() - 10) == ".localhost");
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned block = 0;
    for (std::size_t k = 0; k < 3; ++k) block = block << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : digits[block >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

bool exempt_from_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  while (!no_proxy.empty()) {
    auto comma = no_proxy.find(',');
    std::string entry = lower(trimmed(no_proxy.substr(0, comma)));
    no_proxy.remove_prefix(comma == std::string_view::npos ? no_proxy.size() : comma + 1);
    if (entry == "*") return true;
    if (auto colon = entry.rfind(':'); colon != std::string::npos && entry.find(':') == colon) {
      if (entry.substr(colon + 1) != std::to_string(port)) continue;
      entry.resize(colon);
    }
    if (!entry.empty() && entry.front() == '*') entry.erase(0, 1);
    if (!entry.empty() && entry.front() == '.') entry.erase(0, 1);
    if (entry.empty()) continue;
    if (host == entry) return true;
    if (host.size() > entry.size() && host.substr(host.size() - entry.size()) == entry &&
        host[host.size() - entry.size() - 1] == '.')
      return true;
  }
  return false;
}

Result<std::optional<Url>> choose_proxy(const ProxyConfig& config, const Url& upstream, const Environment& environment) {
  if (config.mode == ProxyConfig::Mode::none) return std::optional<Url>{};
  if (config.mode == ProxyConfig::Mode::url) return config.url;
  if (!upstream.tls() || is_loopback(upstream.host)) return std::optional<Url>{};
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}) {
    auto value = environment(name);
    if (!value || value->empty()) continue;
    auto no_proxy = environment("NO_PROXY");
    if (!no_proxy) no_proxy = environment("no_proxy");
    if (no_proxy && exempt_from_proxy(*no_proxy, upstream.host, upstream.port)) return std::optional<Url>{};
    auto url = parse_url(value->find("://") == std::string::npos ? "http://" + *value : *value);
    if (url && url->scheme == "http") return url;
    return Failure{Phase::connect, Party::siltgate, Cause::proxy_refused, Retry::never, {},
                   std::string(name) + " is not an http:// URL; only HTTP proxies with CONNECT are supported"};
  }
  return std::optional<Url>{};
}

std::string proxy_authorization(const Url& proxy) {
  return proxy.userinfo.empty() ? "" : "Basic " + base64(percent_decoded(proxy.userinfo));
}

}  // namespace siltgate::net
