// SPDX-License-Identifier: Apache-2.0
#include "route/route_table.hpp"

#include "route/path.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::route;

namespace {

const RouteTable table({{"openai", "/v1"}, {"zai", "/api/coding/paas/v4"}, {"local", ""}}, 1, "/-/");

std::string mapped(std::string_view method, std::string_view target, const RouteTable& routes = table) {
  auto route = routes.find(method, target, "h:1");
  return route ? std::to_string(route->provider) + " " + route->target : std::string(to_string(route.error().cause));
}

}  // namespace

TEST_CASE("every spelling of a base URL reaches the default provider", "[route]") {
  const std::string chat = "1 /api/coding/paas/v4/chat/completions";
  for (auto path : {"/v1/chat/completions", "/chat/completions", "/api/coding/paas/v4/chat/completions",
                    "//v1//chat/completions", "/zai/v1/chat/completions", "/zai/chat/completions",
                    "/zai/api/coding/paas/v4/chat/completions"})
    CHECK(mapped("POST", path) == chat);
  CHECK(mapped("GET", "/v1/models") == "1 /api/coding/paas/v4/models");
  CHECK(mapped("GET", "/v1/models?a=/../b") == "1 /api/coding/paas/v4/models?a=/../b");
  CHECK(mapped("DELETE", "/files/f1") == "1 /api/coding/paas/v4/files/f1");
}

TEST_CASE("a provider's name selects it", "[route]") {
  CHECK(mapped("POST", "/openai/v1/responses") == "0 /v1/responses");
  CHECK(mapped("POST", "/openai/responses") == "0 /v1/responses");
  CHECK(mapped("POST", "/local/v1/chat/completions") == "2 /chat/completions");
  CHECK(mapped("POST", "/openaix/responses") == "1 /api/coding/paas/v4/openaix/responses");
}

TEST_CASE("the longer of two matches wins, a name wins a tie", "[route]") {
  const RouteTable routes({{"api", ""}, {"zai", "/api/paas"}, {"one", "/api"}}, 1, "/-/");
  CHECK(mapped("POST", "/api/paas/x", routes) == "1 /api/paas/x");
  CHECK(mapped("POST", "/api/x", routes) == "0 /x");
  const RouteTable tie({{"api", "/b"}, {"one", "/api"}}, 1, "/-/");
  CHECK(mapped("POST", "/api/x", tie) == "0 /b/x");
  CHECK(mapped("POST", "/other/x", tie) == "1 /api/other/x");
  const RouteTable only({{"one", "/api"}}, 0, "/-/");
  CHECK(mapped("POST", "/api/x", only) == "0 /api/x");
}

TEST_CASE("paths that map to nothing name the base URLs there are", "[route]") {
  for (auto path : {"/", "/v1", "/v1/", "/zai", "/zai/v1", "/favicon.ico", "/.well-known/x", "/-/nothing"})
    CHECK(mapped("GET", path) == "no_route");
  for (auto path : {"/nobody/v1/chat/completions", "/nobody/api/coding/paas/v4/chat/completions"})
    CHECK(mapped("POST", path) == "no_route");
  auto refused = table.find("GET", "/", "127.0.0.1:4290");
  CHECK(refused.error().detail ==
        "nothing is at \"/\"; base URLs here: http://127.0.0.1:4290/v1, http://127.0.0.1:4290/openai/v1, "
        "http://127.0.0.1:4290/zai/v1, http://127.0.0.1:4290/local/v1; the dashboard: http://127.0.0.1:4290/-/");
  CHECK(table.find("GET", "/v1", "h").error().detail.ends_with("/local/v1"));
}

TEST_CASE("HEAD of a base URL is an alive check", "[route]") {
  for (auto path : {"/", "/v1", "/zai/"}) CHECK(table.find("HEAD", path, "h")->alive_check);
  CHECK_FALSE(table.find("HEAD", "/v1/models", "h")->alive_check);
  CHECK_FALSE(table.find("POST", "/", "h")->alive_check);
  CHECK(mapped("POST", "/") == "1 /api/coding/paas/v4/");
}

TEST_CASE("no spelling of a path climbs above its base URL", "[route]") {
  for (auto path : {"/v1/../x", "/..", "/v1/./x", "/v1/%2e%2e/x", "/v1/.%2E/x", "/v1/..%2fx", "/v1/a%2f..%2f..%2fx",
                    "/v1/..\\x", "/v1/%5c..%5cx", "/v1/..;a=b/x", "/v1/%252e%252e/x", "/v1/%00", "/v1/%0d%0aX", "*", "",
                    "x", "/zai/../openai/x", "/v1/%25252e%25252e/x"})
    CHECK(mapped("GET", path) == "no_route");
  CHECK(mapped("GET", "/v1/models/meta%2Fllama") == "1 /api/coding/paas/v4/models/meta%2Fllama");
  CHECK(mapped("GET", "/v1/...") == "1 /api/coding/paas/v4/...");
  CHECK(mapped("GET", "/v1/50%") == "1 /api/coding/paas/v4/50%");
}

TEST_CASE("the dialect follows the end of the path of a POST", "[route]") {
  auto dialect = [](std::string_view method, std::string_view target) { return table.find(method, target, "h")->dialect; };
  CHECK(dialect("POST", "/v1/chat/completions") == Dialect::openai_chat);
  CHECK(dialect("POST", "/v1/chat/completions/") == Dialect::openai_chat);
  CHECK(dialect("POST", "/deployments/d/chat/completions?api-version=1") == Dialect::openai_chat);
  CHECK(dialect("POST", "/v1/responses") == Dialect::openai_responses);
  CHECK(dialect("POST", "/v1/messages?beta=true") == Dialect::anthropic_messages);
  CHECK(dialect("POST", "/v1/messages/count_tokens") == Dialect::none);
  CHECK(dialect("POST", "/v1/threads/t/messages") == Dialect::none);
  CHECK(dialect("GET", "/v1/chat/completions") == Dialect::none);
  CHECK(table.find("POST", "/messages", "h")->inference);
  CHECK_FALSE(table.find("GET", "/models", "h")->inference);
}

TEST_CASE("methods that make no sense through a reverse proxy are refused, odd ones pass", "[route]") {
  CHECK(mapped("CONNECT", "a:443") == "bad_request");
  CHECK(mapped("TRACE", "/v1/x") == "bad_request");
  CHECK(mapped("PURGE", "/v1/x") == "1 /api/coding/paas/v4/x");
}
