// SPDX-License-Identifier: Apache-2.0
// Which proxy, if any, leads to an upstream: the setting, else HTTPS_PROXY and NO_PROXY as curl reads them. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/url.hpp"
#include "base/result.hpp"
#include "net/config.hpp"

namespace siltgate::net {

using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The proxy for `upstream`; empty for a direct connection. From the environment only https upstreams are proxied
/// (plain http is local model servers), and never loopback. Failure: the variable holds no http:// URL.
Result<std::optional<Url>> choose_proxy(const ProxyConfig& config, const Url& upstream, const Environment& environment);

/// Does NO_PROXY's list ("localhost,.corp.example,10.0.0.1,*", ports allowed) exempt this host?
bool exempt_from_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port);

/// "Basic …" for a proxy URL with user information, percent-decoded; empty without.
std::string proxy_authorization(const Url& proxy);

}  // namespace siltgate::net
