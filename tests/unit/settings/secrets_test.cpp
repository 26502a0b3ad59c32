// SPDX-License-Identifier: Apache-2.0
#include "settings/secrets.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "support/catch.hpp"
#include "unit/settings/scripted_machine.hpp"

using namespace siltgate::settings;

namespace {

ScriptedMachine world_of_secrets() {
  ScriptedMachine world;
  world.env = {{"X", "from-env"}, {"EMPTY", ""}, {"CREDENTIALS_DIRECTORY", "/run/creds"}};
  world.file("/k", "\xEF\xBB\xBF" "from-file\n");   // as some editors write it
  world.file("/open", "from-file\n", true);
  world.file("/run/creds/zai", "from-cred\r\n", true);
  world.keychain["zai"] = "from-keychain\n";
  return world;
}

std::string fault_of(const std::string& text) {
  const auto out = expand_references(text, world_of_secrets().machine());
  return out.complaints.empty() ? "" : out.complaints.front().message;
}

}  // namespace

TEST_CASE("references are replaced by what they name, anywhere in a string", "[settings]") {
  auto value = [](const std::string& text) { return expand_references(text, world_of_secrets().machine()).value; };
  CHECK(value("{env:X}") == "from-env");
  CHECK(value("{file:/k}") == "from-file");
  CHECK(value("{cred:zai}") == "from-cred");
  CHECK(value("{keychain:zai}") == "from-keychain");
  CHECK(value("http://u:{env:X}@{file:/k}:1") == "http://u:from-env@from-file:1");
  CHECK(value("{} {a} {1:2} {x") == "{} {a} {1:2} {x");
  CHECK_FALSE(expand_references("plain", world_of_secrets().machine()).referenced);
}

TEST_CASE("a reference to nothing says what is missing", "[settings]") {
  CHECK(fault_of("{env:Y}") == "the environment variable Y is not set");
  CHECK(fault_of("{env:EMPTY}") == "the environment variable EMPTY is set but empty");
  CHECK(fault_of("{env:}") == "{env:} names nothing");
  CHECK(fault_of("{file:/none}") == "the file /none does not exist");
  CHECK(fault_of("{file:k}") == "{file:k} needs a whole path beginning with /");
  CHECK(fault_of("{file:/open}") == "the file /open can be read by other users; run: chmod 600 /open");
  CHECK(fault_of("{cred:none}") == "the file /run/creds/none does not exist");
  CHECK(fault_of("{keychain:x}") == "{keychain:x}: no such password");
  CHECK(fault_of("{env:X") == "the reference {env:… has no } at its end");
  CHECK(fault_of("${X}") == "an environment variable is written {env:X}, not ${X}");
  CHECK(fault_of("{evn:X}") == "unknown reference {evn:…}; did you mean \"env\"? References are {env:NAME}, {file:/path}, {cred:name}, {keychain:service}");
}

TEST_CASE("a missing secret is reported at the reference itself", "[settings]") {
  const std::string text = "{\"providers\": {\"a\": {\"base_url\": \"https://x\",\n \"proxy\": \"http://u:{env:PW}@p:1\"}}}";
  const auto outcome = load_text("f", text, ScriptedMachine{}.machine());
  const auto& errors = std::get<Refused>(outcome).errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].where == "f:2:21");
  CHECK(errors[0].message == "the environment variable PW is not set");
}

TEST_CASE("a secret with a line break or a blank is refused", "[settings]") {
  ScriptedMachine world;
  world.env["K"] = "two\nlines";
  const auto outcome = load_text("f", "{\"client_tokens\": {\"me\": \"{env:K}\"}, \"providers\": {\"a\": {\"base_url\": \"https://x\"}}}", world.machine());
  const auto shown = std::get<Refused>(outcome).text();
  CHECK(shown.find("f:1:26: a token holds a blank, a line break") != std::string::npos);
  CHECK(shown.find("lines") == std::string::npos);
}

TEST_CASE("the real machine tells who can read a file", "[settings]") {
  std::string folder = "/tmp/siltgate-settings-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/key";
  std::ofstream(path) << "abc\n";
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  const Machine machine = this_machine();
  CHECK(machine.read(path).text == "abc\n");
  CHECK_FALSE(machine.read(path).others_can_read);
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  CHECK(machine.read(path).others_can_read);
  CHECK(machine.read(folder).state == FileAnswer::State::failed);
  CHECK(machine.read(folder + "/none").state == FileAnswer::State::missing);
  CHECK_FALSE(machine.env("SILTGATE_NO_SUCH_VARIABLE"));
#ifndef __APPLE__
  CHECK(machine.keychain("x").why.find("macOS only") != std::string::npos);
#endif
  REQUIRE(::unlink(path.c_str()) == 0);
  REQUIRE(::rmdir(folder.c_str()) == 0);
}
