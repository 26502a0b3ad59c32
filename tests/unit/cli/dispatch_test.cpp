// SPDX-License-Identifier: Apache-2.0
// Whole verbs with a server that only notes what it is told.
#include <sstream>
#include <stdexcept>

#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::cli;

namespace {

struct Ran {
  int exit = 0;
  std::string out, err;
  std::vector<settings::Settings> served;
};

std::optional<std::string> no_environment(const std::string&) { return {}; }

Ran run(std::vector<std::string> arguments, const Env& env = no_environment) {
  Ran ran;
  std::ostringstream out, err;
  Server server;
  server.run = [&](RunRequest request) {
    ran.served.push_back(request.settings);
    return 75;
  };
  server.start = [](settings::Settings) -> Running { throw std::logic_error("broken"); };
  ran.exit = run_command_line(std::move(arguments), Io{out, err, env}, server);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("run hands the settings over and returns what the server says", "[cli]") {
  const Ran ran = run({"--upstream", "demo:", "--listen", "127.0.0.1:4711"});
  CHECK(ran.exit == 75);
  REQUIRE(ran.served.size() == 1);
  CHECK(ran.served.front().listen.front().port == 4711);
  CHECK(ran.out.empty());
  CHECK(contains(ran.err, "curl -N http://127.0.0.1:4711/v1/chat/completions"));
}

TEST_CASE("quiet silences talk but not complaints", "[cli]") {
  CHECK(run({"-q", "--upstream", "demo:"}).err.empty());
  CHECK_FALSE(run({"-q", "--upstream", "ftp://x"}).err.empty());
}

TEST_CASE("an invalid configuration is exit code 78, a missing file 66, wrong usage 64", "[cli]") {
  CHECK(run({"--upstream", "ftp://x"}).exit == exit_config);
  CHECK(run({"--config", "/nonexistent/siltgate.jsonc"}).exit == exit_no_file);
  CHECK(run({"check", "--config", "/nonexistent/siltgate.jsonc"}).exit == exit_no_file);
  CHECK(run({"frobnicate"}).exit == exit_usage);
}

TEST_CASE("what escapes a verb is a bug, exit code 70", "[cli]") {
  const Ran ran = run({"selftest"});
  CHECK(ran.exit == exit_bug);
  CHECK(contains(ran.err, "broken"));
}

TEST_CASE("config writes schema, example and effective settings to standard output", "[cli]") {
  CHECK(contains(run({"config", "--schema"}).out, "\"$schema\""));
  CHECK(contains(run({"config", "--init"}).out, "\"providers\""));
  const Ran effective = run({"config", "--effective", "--upstream", "https://api.z.ai/api/coding/paas/v4"});
  CHECK(effective.exit == 0);
  CHECK(contains(effective.out, "--upstream"));
}

TEST_CASE("config --init leaves an existing file alone", "[cli]") {
  CHECK(run({"config", "--init", "/dev/null"}).exit == exit_usage);
  CHECK(run({"config", "--init", "/nonexistent/x.jsonc"}).exit == exit_no_file);
}

TEST_CASE("version names the program", "[cli]") {
  CHECK(run({"version"}).out.starts_with("siltgate "));
  CHECK(run({"--version"}).out == run({"version"}).out);
}

TEST_CASE("asking an instance that does not run is exit code 69", "[cli]") {
  for (const char* verb : {"status", "log", "why", "reload", "stop"}) {
    const Ran ran = run({verb, "--listen", "127.0.0.1:1"});
    CHECK(ran.exit == exit_unavailable);
    CHECK(contains(ran.err, "no siltgate is running on 127.0.0.1:1"));
  }
}

TEST_CASE("completion scripts name every verb", "[cli]") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = run({"completion", shell});
    CHECK(ran.exit == 0);
    for (const VerbInfo& verb : command_tree()) CHECK(contains(ran.out, verb.name));
    CHECK(contains(ran.out, shell == std::string("fish") ? "-l verdict" : "--verdict"));
  }
}

TEST_CASE("colour is for terminals, NO_COLOR and the flag decide before", "[cli]") {
  std::ostringstream out, err;
  const Io plain{out, err, no_environment, true, false};
  CHECK(colour_wanted(plain, "auto", true));
  CHECK_FALSE(colour_wanted(plain, "auto", false));
  CHECK(colour_wanted(plain, "always", false));
  CHECK_FALSE(colour_wanted(plain, "never", true));
  const Io no_color{out, err, [](const std::string& name) { return name == "NO_COLOR" ? std::optional<std::string>("1") : std::nullopt; }};
  CHECK_FALSE(colour_wanted(no_color, "auto", true));
  CHECK(colour_wanted(no_color, "always", true));
}
