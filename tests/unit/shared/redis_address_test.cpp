// SPDX-License-Identifier: Apache-2.0
#include "shared/redis_address.hpp"

#include "support/catch.hpp"

using siltgate::shared::parse_redis_address;

TEST_CASE("addresses of Redis: host, port, database, TLS, socket", "[shared]") {
  struct Row {
    const char *text, *shown;
  };
  for (auto [text, shown] : {Row{"redis://h", "redis://h:6379/0"}, Row{"redis://127.0.0.1:7000/3", "redis://127.0.0.1:7000/3"},
                             Row{"redis://h:80", "redis://h:80/0"}, Row{"redis://[::1]", "redis://[::1]:6379/0"},
                             Row{"redis://[::1]:80/", "redis://[::1]:80/0"}, Row{"rediss://u:p@cache.example:6380/1", "rediss://cache.example:6380/1"},
                             Row{"unix:///run/redis.sock", "unix:///run/redis.sock"}, Row{"unix://:pw@/run/r.sock?db=2", "unix:///run/r.sock?db=2"}}) {
    auto address = parse_redis_address(text);
    REQUIRE(address);
    CHECK(address->shown() == shown);
    CHECK(address->tls == std::string(text).starts_with("rediss"));
  }
}

TEST_CASE("user and password are percent-decoded, and may hold what a host may not", "[shared]") {
  auto address = parse_redis_address("redis://me%40home:a%2Fb@c:d/e@host:1/2");
  REQUIRE(address);
  CHECK(address->user == "me@home");
  CHECK(address->password == "a/b@c:d/e");
  CHECK(address->host == "host");
  CHECK(address->database == 2);
  CHECK(parse_redis_address("redis://:secret@h")->password == "secret");
  CHECK(parse_redis_address("redis://:secret@h")->user == "");
}

TEST_CASE("what is no address of Redis is refused", "[shared]") {
  for (const char* text : {"", "h", "h:6379", "http://h", "redis://", "redis://h:0", "redis://h:x", "redis://h/x", "redis://h/-1", "redis://h:1:2",
                           "unix://", "unix://relative", "unix:///s?x=1", "unix:///s?db=x", "redis://user@", "redis://a b"})
    CHECK_FALSE(parse_redis_address(text));
}
