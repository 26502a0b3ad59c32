// SPDX-License-Identifier: Apache-2.0
#include "base/url.hpp"

#include "support/catch.hpp"

using namespace siltgate;

TEST_CASE("a base URL is split into its parts", "[base]") {
  auto url = parse_url("https://API.z.ai/api/coding/paas/v4/");
  REQUIRE(url);
  CHECK(url->tls());
  CHECK(url->host == "api.z.ai");
  CHECK(url->port == 443);
  CHECK(url->path == "/api/coding/paas/v4");
  CHECK(url->authority() == "api.z.ai");
  CHECK(parse_url("http://[::1]:8080")->authority() == "[::1]:8080");
  CHECK(parse_url("http://u:p@proxy:3128")->userinfo == "u:p");
  CHECK(parse_url("demo:")->scheme == "demo");
}

TEST_CASE("what is not an absolute http URL is refused", "[base]") {
  for (auto bad : {"", "api.z.ai", "ftp://x", "http://", "http://a b", "http://x:0", "http://x:99999", "http://x:8x",
                   "http://x/?q", "http://x/#f", "http://[::1", "http://[zz]", "https://x:"})
    CHECK_FALSE(parse_url(bad));
}
