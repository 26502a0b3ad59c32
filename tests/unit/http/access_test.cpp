// SPDX-License-Identifier: Apache-2.0
#include "http/access.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;

namespace {

RequestHead asked(std::string host, std::vector<Field> fields = {}) {
  RequestHead head;
  head.method = "POST";
  head.host = std::move(host);
  for (auto [name, value] : fields) head.fields.add(name, value);
  return head;
}

Cause judged(const RequestHead& head, std::string_view peer = "127.0.0.1", const AccessRules& rules = {}) {
  auto result = check_access(head, peer, "192.168.64.1", rules);
  return result ? Cause::none : result.error().cause;
}

}  // namespace

TEST_CASE("addresses lie in networks of their own family, mapped ones in IPv4's", "[http]") {
  CHECK(in_networks("10.1.2.3", {"10.0.0.0/8"}));
  CHECK_FALSE(in_networks("11.1.2.3", {"10.0.0.0/8"}));
  CHECK(in_networks("::ffff:10.1.2.3", {"10.0.0.0/8"}));
  CHECK(in_networks("192.168.64.7", {"192.168.64.0/29"}));
  CHECK_FALSE(in_networks("192.168.64.8", {"192.168.64.0/29"}));
  CHECK(in_networks("::1", {"127.0.0.0/8", "::1/128"}));
  CHECK(in_networks("fe80::1", {"fe80::/10"}));
  CHECK(in_networks("1.2.3.4", {"0.0.0.0/0"}));
  CHECK_FALSE(in_networks("fe80::1", {"0.0.0.0/0"}));
  CHECK(in_networks("1.2.3.4", {"1.2.3.4"}));
  CHECK_FALSE(in_networks("unix", {"0.0.0.0/0"}));
  for (auto bad : {"", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "x", "10.0.0.0/8x", "1.2.3.4/ 8"})
    CHECK_FALSE(valid_network(bad));
  CHECK(valid_network("::/0"));
}

TEST_CASE("a Host must be an address of ours, loopback or an allowed name", "[http]") {
  for (auto host : {"localhost", "LOCALHOST:4290", "localhost.", "127.0.0.1:4290", "127.9.9.9", "[::1]:4290",
                    "192.168.64.1:4290", "[::ffff:192.168.64.1]"})
    CHECK(judged(asked(host)) == Cause::none);
  for (auto host : {"evil.example", "127.0.0.1.evil.example", "192.168.64.2", "0.0.0.0:4290", "", "localhost.evil",
                    "2130706433"})
    CHECK(judged(asked(host)) == Cause::forbidden);
  CHECK(judged(asked("a b")) == Cause::bad_request);
  AccessRules rules;
  rules.allowed_hosts = {"host.docker.internal", "10.0.0.9"};
  CHECK(judged(asked("Host.Docker.Internal:1"), "127.0.0.1", rules) == Cause::none);
  CHECK(judged(asked("10.0.0.9"), "127.0.0.1", rules) == Cause::none);
  auto refused = check_access(asked("evil.example"), "127.0.0.1", "", {});
  CHECK(refused.error().detail ==
        "Host \"evil.example\" (peer 127.0.0.1) is not a name of this listener; if it is, add to the configuration: \"admin\": { "
        "\"allowed_hosts\": [\"localhost\", \"evil.example\"] }");
}

TEST_CASE("pages of other sites are refused, pages of this server are not", "[http]") {
  CHECK(judged(asked("localhost:1", {{"Origin", "http://localhost:1"}})) == Cause::none);
  CHECK(judged(asked("localhost:1", {{"Origin", "http://localhost:1"}, {"Sec-Fetch-Site", "same-origin"}})) == Cause::none);
  for (auto origin : {"null", "http://localhost:2", "http://localhost", "https://evil.example", "vscode-webview://x",
                      "http://localhost:1/", ""})
    CHECK(judged(asked("localhost:1", {{"Origin", origin}})) == Cause::forbidden);
  CHECK(judged(asked("localhost:1", {{"Origin", "http://localhost:1"}, {"Origin", "null"}})) == Cause::forbidden);
  for (auto site : {"cross-site", "same-site"})
    CHECK(judged(asked("localhost", {{"Sec-Fetch-Site", site}})) == Cause::forbidden);
  auto link = asked("localhost", {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"},
                                  {"Sec-Fetch-Dest", "document"}});
  CHECK(judged(link) == Cause::forbidden);
  link.method = "GET";
  CHECK(judged(link) == Cause::none);
}

TEST_CASE("a peer outside the allowed networks is told which line to add", "[http]") {
  AccessRules rules;
  rules.allow = {"192.168.64.0/24"};
  CHECK(judged(asked("localhost"), "192.168.64.9", rules) == Cause::none);
  auto refused = check_access(asked("localhost"), "10.0.0.5", "192.168.64.1", rules);
  REQUIRE(refused.has_error());
  CHECK(refused.error().detail ==
        "peer 10.0.0.5 is in none of the networks of this listener's \"allow\"; add \"10.0.0.5\" there");
}

TEST_CASE("secrets compare by all their bytes", "[http]") {
  CHECK(equal_secret("abc", "abc"));
  CHECK(equal_secret("", ""));
  for (auto other : {"", "ab", "abd", "abcc", "abcabc"}) {
    CHECK_FALSE(equal_secret("abc", other));
    CHECK_FALSE(equal_secret(other, "abc"));
  }
}
