// SPDX-License-Identifier: Apache-2.0
#include "net/proxy.hpp"

#include <map>

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::net;

namespace {

Environment environment(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    auto found = values.find(name);
    if (found == values.end()) return {};
    return found->second;
  };
}

std::string chosen(const std::string& upstream, Environment env, ProxyConfig config = {}) {
  auto proxy = choose_proxy(config, *parse_url(upstream), env);
  if (!proxy) return "failure";
  return *proxy ? (*proxy)->authority() : "direct";
}

}  // namespace

TEST_CASE("https upstreams follow HTTPS_PROXY, plain and loopback ones do not", "[net]") {
  auto env = environment({{"HTTPS_PROXY", "http://proxy.corp:3128"}});
  CHECK(chosen("https://api.z.ai/x", env) == "proxy.corp:3128");
  CHECK(chosen("http://models.lan", env) == "direct");
  CHECK(chosen("https://127.0.0.1:8443", env) == "direct");
  CHECK(chosen("https://localhost", env) == "direct");
  CHECK(chosen("https://api.z.ai", environment({{"https_proxy", "proxy.corp:3128"}})) == "proxy.corp:3128");
}

TEST_CASE("NO_PROXY exempts names, their subdomains and ports", "[net]") {
  CHECK(exempt_from_proxy("localhost, .z.ai", "api.z.ai", 443));
  CHECK(exempt_from_proxy("z.ai", "api.z.ai", 443));
  CHECK(exempt_from_proxy("*.z.ai", "api.z.ai", 443));
  CHECK(exempt_from_proxy("*", "api.z.ai", 443));
  CHECK(exempt_from_proxy("api.z.ai:443", "api.z.ai", 443));
  CHECK_FALSE(exempt_from_proxy("api.z.ai:8443", "api.z.ai", 443));
  CHECK_FALSE(exempt_from_proxy("z.ai", "notz.ai", 443));
  CHECK_FALSE(exempt_from_proxy("", "api.z.ai", 443));
  auto env = environment({{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", "z.ai"}});
  CHECK(chosen("https://api.z.ai", env) == "direct");
}

TEST_CASE("a proxy that is not HTTP is refused with the variable's name", "[net]") {
  auto refused = choose_proxy({}, *parse_url("https://api.z.ai"), environment({{"ALL_PROXY", "socks5://p:1080"}}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find("ALL_PROXY") == 0);
}

TEST_CASE("the proxy setting beats the environment", "[net]") {
  auto env = environment({{"HTTPS_PROXY", "http://p:1"}});
  CHECK(chosen("https://api.z.ai", env, {ProxyConfig::Mode::none, {}}) == "direct");
  CHECK(chosen("https://api.z.ai", env, {ProxyConfig::Mode::url, parse_url("http://other:2")}) == "other:2");
}

TEST_CASE("user information of a proxy URL becomes Basic credentials", "[net]") {
  CHECK(proxy_authorization(*parse_url("http://user:p%40ss@proxy:1")) == "Basic dXNlcjpwQHNz");
  CHECK(proxy_authorization(*parse_url("http://a:b@proxy:1")) == "Basic YTpi");
  CHECK(proxy_authorization(*parse_url("http://proxy:1")).empty());
}
