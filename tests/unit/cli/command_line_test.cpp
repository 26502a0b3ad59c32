// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <map>

#include "support/catch.hpp"

using namespace siltgate::cli;

namespace {

Env environment(std::map<std::string, std::string> values = {}) {
  return [values](const std::string& name) -> std::optional<std::string> {
    auto found = values.find(name);
    if (found == values.end()) return {};
    return found->second;
  };
}

Parsed parse(std::vector<std::string> arguments, std::map<std::string, std::string> values = {}) {
  return parse_command_line(std::move(arguments), environment(std::move(values)));
}

Command command(std::vector<std::string> arguments) {
  const Parsed parsed = parse(std::move(arguments));
  INFO(parsed.err);
  REQUIRE(parsed.command);
  return *parsed.command;
}

std::string mistake(std::vector<std::string> arguments) {
  const Parsed parsed = parse(std::move(arguments));
  CHECK_FALSE(parsed.command);
  CHECK(parsed.exit == 64);
  CHECK(parsed.out.empty());
  return parsed.err;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("without a verb the server runs", "[cli]") {
  CHECK(command({}).verb == Verb::run);
  CHECK(command({"--upstream", "demo:"}).verb == Verb::run);
  CHECK(command({"run", "--upstream", "demo:"}).global.upstream == std::vector<std::string>{"demo:"});
}

TEST_CASE("global flags may stand before and behind the verb", "[cli]") {
  const Command before = command({"--listen", "127.0.0.1:1", "-c", "f.jsonc", "status"});
  const Command behind = command({"status", "--listen", "127.0.0.1:1", "-c", "f.jsonc"});
  for (const Command& each : {before, behind}) {
    CHECK(each.verb == Verb::status);
    CHECK(each.global.listen == std::vector<std::string>{"127.0.0.1:1"});
    CHECK(each.global.config == "f.jsonc");
  }
}

TEST_CASE("a repeatable flag takes one value each time and leaves the verb alone", "[cli]") {
  const Command each = command({"--upstream", "a=http://x", "--upstream", "b=http://y", "check"});
  CHECK(each.verb == Verb::check);
  CHECK(each.global.upstream == std::vector<std::string>{"a=http://x", "b=http://y"});
}

TEST_CASE("every flag of the server is read", "[cli]") {
  const Command each = command({"--concurrency", "auto", "--capture", "all", "--log-format=json", "--debug", "-q", "--color", "never"});
  CHECK(each.global.concurrency == "auto");
  CHECK(each.global.capture == "all");
  CHECK(each.global.log_format == "json");
  CHECK(each.global.debug);
  CHECK(each.global.quiet);
  CHECK(each.global.color == "never");
}

TEST_CASE("verbs read their own flags", "[cli]") {
  const Command log = command({"log", "-f", "--verdict", "provider", "--since", "10m", "-n", "5", "--json"});
  CHECK((log.follow && log.json));
  CHECK(log.verdict == "provider");
  CHECK(log.since == "10m");
  CHECK(log.count == 5);
  CHECK(command({"why"}).id == "last");
  CHECK(command({"why", "sg_abc"}).id == "sg_abc");
  CHECK(command({"status", "--watch"}).watch);
  CHECK(command({"completion", "fish"}).shell == "fish");
  CHECK(command({"--version"}).verb == Verb::version);
}

TEST_CASE("config --init takes a file or none", "[cli]") {
  CHECK(command({"config", "--init"}).init);
  CHECK(command({"config", "--init"}).init_file.empty());
  CHECK(command({"config", "--init", "x.jsonc"}).init_file == "x.jsonc");
  CHECK(contains(mistake({"config"}), "--effective"));
  CHECK(contains(mistake({"config", "--init", "--schema"}), "one of"));
}

TEST_CASE("a misspelt verb or flag is answered with the right one", "[cli]") {
  CHECK(contains(mistake({"statsu"}), "unknown verb \"statsu\""));
  CHECK(contains(mistake({"statsu"}), "did you mean \"status\"?"));
  CHECK(contains(mistake({"--upstrem", "demo:"}), "did you mean \"--upstream\"?"));
  CHECK(contains(mistake({"log", "--verdit", "provider"}), "did you mean \"--verdict\"?"));
  CHECK(contains(mistake({"status", "--jsn"}), "did you mean \"--json\"?"));
  CHECK(contains(mistake({"status", "extra"}), "unexpected argument \"extra\" after \"status\""));
  CHECK(contains(mistake({"xyzzyxyzzy"}), "unknown verb"));
  CHECK(contains(mistake({"--xyzzyxyzzy"}), "unknown flag"));
}

TEST_CASE("a value that cannot be meant is wrong usage", "[cli]") {
  CHECK(contains(mistake({"--concurrency", "0"}), "--concurrency"));
  CHECK(contains(mistake({"--concurrency", "many"}), "auto"));
  CHECK(contains(mistake({"--capture", "rejcted"}), "did you mean \"rejected\"?"));
  CHECK(contains(mistake({"--color", "blue"}), "--color"));
  CHECK(contains(mistake({"log", "--since", "yesterday"}), "--since"));
  CHECK(contains(mistake({"log", "--verdict", "providr"}), "did you mean \"provider\"?"));
  CHECK(contains(mistake({"log", "-n", "0"}), "--count"));
  CHECK(contains(mistake({"log", "-n", "x"}), "siltgate: "));
  CHECK(contains(mistake({"completion", "tcsh"}), "bash"));
  CHECK(contains(mistake({"completion"}), "bash"));
  CHECK(contains(mistake({"--config"}), "--config"));
}

TEST_CASE("the operating verbs read their flags and judge their words", "[cli]") {
  const Command doctor = command({"doctor", "--client", "opencode", "--probe", "--model", "m", "--from-guest", "--json"});
  CHECK((doctor.verb == Verb::doctor && doctor.probe && doctor.from_guest && doctor.json));
  CHECK(doctor.model == "m");
  CHECK(contains(mistake({"doctor", "--client", "opencde"}), "did you mean \"opencode\"?"));
  CHECK(contains(mistake({"doctor", "--json", "--bundle"}), "one of"));
  const Command setup = command({"setup", "opencode", "--write", "--provider", "zai", "--provider", "own", "--base-url", "http://10.0.0.1:4290/v1"});
  CHECK((setup.verb == Verb::setup && setup.write));
  CHECK(setup.client == "opencode");
  CHECK(setup.providers == std::vector<std::string>{"zai", "own"});
  CHECK(contains(mistake({"setup"}), "claude-code"));
  CHECK(contains(mistake({"setup", "claude"}), "did you mean \"claude-code\"?"));
  CHECK(contains(mistake({"setup", "codex", "--write", "--undo"}), "one of"));
  CHECK(contains(mistake({"setup", "codex", "--base-url", "10.0.0.1"}), "--base-url"));
  const Command service = command({"service", "install", "--user", "--dry-run"});
  CHECK((service.verb == Verb::service && service.user && service.dry_run));
  CHECK(contains(mistake({"service", "instal"}), "did you mean \"install\"?"));
  CHECK(contains(mistake({"service", "start", "--user", "--system"}), "one of"));
}

TEST_CASE("help goes to standard output with exit code 0", "[cli]") {
  for (const auto& arguments : {std::vector<std::string>{"--help"}, {"-h"}, {"help"}}) {
    const Parsed parsed = parse(arguments);
    CHECK(parsed.exit == 0);
    CHECK(parsed.err.empty());
    for (const char* part : {"Examples:", "SILTGATE_UPSTREAM", "Exit codes:", "selftest", "--concurrency"})
      CHECK(contains(parsed.out, part));
  }
  CHECK(contains(parse({"help", "log"}).out, "--verdict"));
  CHECK(contains(parse({"log", "--help"}).out, "--verdict"));
}

TEST_CASE("the environment stands in for what concerns the terminal, a flag beats it", "[cli]") {
  CHECK(parse({"status"}, {{"SILTGATE_COLOR", "always"}, {"SILTGATE_QUIET", "1"}}).command->global.color == "always");
  CHECK(parse({"status"}, {{"SILTGATE_QUIET", "1"}}).command->global.quiet);
  CHECK_FALSE(parse({"status"}, {{"SILTGATE_QUIET", "0"}}).command->global.quiet);
  CHECK(parse({"--color", "never", "status"}, {{"SILTGATE_COLOR", "always"}}).command->global.color == "never");
}

TEST_CASE("completion knows every verb and flag the parser knows", "[cli]") {
  const auto tree = command_tree();
  REQUIRE(tree.size() == 15);
  CHECK(tree.front().name.empty());
  for (const VerbInfo& verb : tree) {
    CHECK_FALSE(verb.description.empty());
    for (const FlagInfo& flag : verb.flags) CHECK_FALSE(flag.names.empty());
    const std::vector<std::string> need_more{"", "config", "completion", "export", "setup", "service"};
    if (std::find(need_more.begin(), need_more.end(), verb.name) != need_more.end()) continue;
    CHECK(parse({verb.name}).command);
  }
}
