// SPDX-License-Identifier: Apache-2.0
#include "setup/plan.hpp"

#include "support/catch.hpp"
#include "unit/settings/scripted_machine.hpp"

using namespace siltgate::setup;
using siltgate::settings::ScriptedMachine;

namespace {

const std::string opencode_file = "/home/u/.config/opencode/opencode.json";

ScriptedMachine home() {
  ScriptedMachine world;
  world.env["HOME"] = "/home/u";
  return world;
}

const Gate no_gate;
const Gate demo_gate{"127.0.0.1:4711", {{"demo", "demo:", true}}};
const Gate zai_gate{"127.0.0.1:4290", {{"zai", "https://api.z.ai/api/coding/paas/v4", true}, {"local", "http://127.0.0.1:8080/v1", false}}};

std::string faults_of(const Plan& plan) {
  std::string out;
  for (const auto& each : plan.faults) out += each.text();
  return out;
}

Plan opencode(const ScriptedMachine& world, const Gate& gate = no_gate, Wish wish = {}) { return plan_client("opencode", wish, gate, world.machine()); }

bool holds(const std::vector<std::string>& lines, const std::string& part) {
  for (const std::string& each : lines)
    if (each.find(part) != std::string::npos) return true;
  return false;
}

std::string url_of(const Plan& plan, const std::string& provider) {
  const auto parsed = siltgate::settings::parse_jsonc(plan.after);
  REQUIRE(parsed.complaints.empty());
  const auto* node = parsed.root.find("provider");
  for (const std::string& name : {provider, std::string("options"), std::string("baseURL")}) node = node ? node->find(name) : nullptr;
  return node ? node->text : "";
}

}  // namespace

TEST_CASE("without a file the GLM coding plan goes through siltgate", "[setup]") {
  const Plan plan = opencode(home());
  CHECK(plan.file == opencode_file);
  CHECK_FALSE(plan.existed);
  CHECK(url_of(plan, "zai-coding-plan") == "http://127.0.0.1:4290/v1");
  CHECK(holds(plan.notes, "siltgate --upstream https://api.z.ai/api/coding/paas/v4"));
}

TEST_CASE("behind the demo provider opencode gets a provider and a model that work", "[setup]") {
  const Plan plan = opencode(home(), demo_gate);
  CHECK(url_of(plan, "demo") == "http://127.0.0.1:4711/v1");
  const auto parsed = siltgate::settings::parse_jsonc(plan.after);
  CHECK(parsed.root.find("model")->text == "demo/demo/echo");
  ScriptedMachine world = home();
  world.file(opencode_file, "{ \"model\": \"anthropic/x\" }");
  const Plan beside = opencode(world, demo_gate);
  CHECK(beside.after.find("\"model\": \"anthropic/x\"") != std::string::npos);
  CHECK(holds(beside.notes, "opencode run -m demo/demo/echo"));
}

TEST_CASE("the providers that are used are found in the file, in the model and in the logins", "[setup]") {
  ScriptedMachine world = home();
  world.file(opencode_file, "{ // mine\n  \"model\": \"openai/gpt\",\n  \"provider\": { \"own\": { \"options\": { \"baseURL\": \"https://own.example/v1\" } } }\n}\n");
  world.file("/home/u/.local/share/opencode/auth.json", "{ \"zhipuai\": { \"type\": \"api\", \"key\": \"hunter2-secret\" }, \"github-copilot\": {} }");
  const Plan plan = opencode(world);
  CHECK(url_of(plan, "own") == "http://127.0.0.1:4290/own/v1");
  CHECK(url_of(plan, "openai") == "http://127.0.0.1:4290/openai/v1");
  CHECK(url_of(plan, "zhipuai") == "http://127.0.0.1:4290/zhipuai/v1");
  CHECK(url_of(plan, "github-copilot").empty());
  CHECK(holds(plan.notes, "siltgate --upstream own=https://own.example/v1"));
  CHECK(plan.after.find("// mine") != std::string::npos);
  CHECK(plan.after.find("hunter2") == std::string::npos);
}

TEST_CASE("a siltgate that serves some providers moves those alone", "[setup]") {
  ScriptedMachine world = home();
  world.file(opencode_file, "{\"provider\": {\"zai-coding-plan\": {}, \"box\": {\"options\": {\"baseURL\": \"http://127.0.0.1:8080/v1/\"}}, \"anthropic\": {}}}");
  const Plan plan = opencode(world, zai_gate);
  CHECK(url_of(plan, "zai-coding-plan") == "http://127.0.0.1:4290/v1");
  CHECK(url_of(plan, "box") == "http://127.0.0.1:4290/local/v1");
  CHECK(url_of(plan, "anthropic").empty());
  CHECK(holds(plan.notes, "left alone: anthropic"));
  const Plan wished = opencode(world, zai_gate, {{"anthropic"}, "", ""});
  CHECK(url_of(wished, "anthropic") == "http://127.0.0.1:4290/anthropic/v1");
  CHECK(holds(wished.notes, "\"anthropic\": { \"base_url\": \"https://api.anthropic.com/v1\" }"));
}

TEST_CASE("a provider whose address nobody wrote down is found by what siltgate serves, and never taken for another", "[setup]") {
  const Gate router{"127.0.0.1:4290", {{"up", "https://openrouter.ai/api/v1", true}}};
  ScriptedMachine world = home();
  CHECK(faults_of(opencode(world, router)).find("--provider NAME") != std::string::npos);
  CHECK(opencode(world, router).after.empty());
  const Plan wished = opencode(world, router, {{"some-router"}, "", ""});
  CHECK(url_of(wished, "some-router") == "http://127.0.0.1:4290/v1");
  CHECK(holds(wished.notes, "some-router is taken for"));
  world.file("/home/u/.local/share/opencode/auth.json", R"({"openrouter": {"type": "api", "key": "k"}, "zai": {"type": "api", "key": "k"}})");
  const Plan found = opencode(world, router);
  CHECK(url_of(found, "openrouter") == "http://127.0.0.1:4290/v1");
  CHECK(url_of(found, "zai").empty());
  CHECK(url_of(found, "zai-coding-plan").empty());
}

TEST_CASE("a provider that is left alone is not taken up again for want of another", "[setup]") {
  ScriptedMachine world = home();
  world.file(opencode_file, R"({"provider": {"zai-coding-plan": {"options": {"baseURL": "https://old.example/v4"}}}})");
  const Plan plan = opencode(world, zai_gate);
  CHECK(plan.after == plan.before);
  CHECK(holds(plan.notes, "left alone: zai-coding-plan"));
  CHECK(faults_of(plan).find("--provider NAME") != std::string::npos);
}

TEST_CASE("a second setup changes nothing", "[setup]") {
  for (const Gate& gate : {no_gate, demo_gate, zai_gate})
    for (const char* client : {"opencode", "claude-code", "codex", "aider"}) {
      ScriptedMachine world = home();
      const Plan first = plan_client(client, {}, gate, world.machine());
      INFO(client << "\n" << first.after);
      CHECK(first.after != first.before);
      world.file(first.file, first.after);
      const Plan second = plan_client(client, {}, gate, world.machine());
      CHECK(second.after == first.after);
      CHECK(holds(second.done, client == std::string("opencode") && gate.address == demo_gate.address ? "demo goes to" : "already"));
    }
}

TEST_CASE("the small model is marked as background work", "[setup]") {
  ScriptedMachine world = home();
  world.file(opencode_file, "{\n  \"model\": \"zai-coding-plan/glm-4.7\",\n  \"small_model\": \"zai-coding-plan/glm-4.5-air\"\n}\n");
  const Plan plan = opencode(world);
  const auto parsed = siltgate::settings::parse_jsonc(plan.after);
  CHECK(parsed.root.find("provider")->find("zai-coding-plan")->find("models")->find("glm-4.5-air")->find("headers")->find("siltgate-class")->text == "background");
}

TEST_CASE("an unknown provider and a broken file are refused with place and remedy", "[setup]") {
  ScriptedMachine world = home();
  CHECK(faults_of(opencode(world, no_gate, {{"nope"}, "", ""})).find("zai-coding-plan, zai, ") != std::string::npos);
  world.file(opencode_file, "{\n  \"provider\": {\n    \"a\": 1,,\n}");
  const Plan broken = opencode(world);
  CHECK(faults_of(broken).find(opencode_file + ":3:12: ") != std::string::npos);
  CHECK(broken.after == broken.before);
  CHECK(holds(broken.notes, "nothing was changed"));
  world.file(opencode_file, "{ \"provider\": [] }");
  CHECK(faults_of(opencode(world)).find("must be an object") != std::string::npos);
  world.files[opencode_file] = {siltgate::settings::FileAnswer::State::not_permitted, "", false, ""};
  CHECK(faults_of(opencode(world)).find("cannot be read") != std::string::npos);
}

TEST_CASE("opencode's own choice of file is followed", "[setup]") {
  ScriptedMachine world = home();
  world.file("/home/u/.config/opencode/opencode.jsonc", "{}");
  CHECK(opencode(world).file == "/home/u/.config/opencode/opencode.jsonc");
  world.env["XDG_CONFIG_HOME"] = "/x";
  CHECK(opencode(world).file == "/x/opencode/opencode.json");
  world.env["OPENCODE_CONFIG"] = "/y.json";
  CHECK(opencode(world).file == "/y.json");
  CHECK(opencode(world, no_gate, {{}, "", "/z.json"}).file == "/z.json");
}

TEST_CASE("Claude Code gets a base URL without version, and keeps where it went", "[setup]") {
  ScriptedMachine world = home();
  const Plan plan = plan_client("claude-code", {}, no_gate, world.machine());
  CHECK(plan.file == "/home/u/.claude/settings.json");
  CHECK(plan.after.find("\"ANTHROPIC_BASE_URL\": \"http://127.0.0.1:4290\"") != std::string::npos);
  CHECK(holds(plan.notes, "siltgate --upstream https://api.anthropic.com/v1"));
  world.file(plan.file, "{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://api.z.ai/api/anthropic\"}}");
  CHECK(holds(plan_client("claude-code", {}, no_gate, world.machine()).notes, "siltgate --upstream https://api.z.ai/api/anthropic/v1"));
  world.env["ANTHROPIC_BASE_URL"] = "https://else";
  CHECK(holds(plan_client("claude-code", {}, no_gate, world.machine()).notes, "unset ANTHROPIC_BASE_URL"));
}

TEST_CASE("Codex, aider and Cline get what they read", "[setup]") {
  const ScriptedMachine world = home();
  const Plan codex = plan_client("codex", {}, no_gate, world.machine());
  CHECK(codex.file == "/home/u/.codex/config.toml");
  for (const char* line : {"model_provider = \"siltgate\"\n", "[model_providers.siltgate]\n", "base_url = \"http://127.0.0.1:4290/v1\"\n", "wire_api = \"responses\"\n"})
    CHECK(codex.after.find(line) != std::string::npos);
  CHECK(plan_client("aider", {}, zai_gate, world.machine()).after == "openai-api-base: http://127.0.0.1:4290/v1\n");
  CHECK(plan_client("aider", {{"local"}, "", ""}, zai_gate, world.machine()).after == "openai-api-base: http://127.0.0.1:4290/local/v1\n");
  const Plan cline = plan_client("cline", {{}, "http://10.0.0.1:4290/v1", ""}, zai_gate, world.machine());
  CHECK(cline.file.empty());
  CHECK(holds(cline.done, "Base URL:      http://10.0.0.1:4290/v1"));
}
