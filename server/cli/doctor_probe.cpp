// SPDX-License-Identifier: Apache-2.0
// `doctor --probe`: one tiny request, through the siltgate that runs or else straight to the default provider.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/doctor.hpp"
#include "cli/http_client.hpp"
#include "net/look.hpp"
#include "net/proxy.hpp"
#include "settings/address.hpp"

namespace siltgate::cli {
namespace {

using doctor::Finding;
using doctor::State;

/// What is asked of whom.
struct Target {
  std::string name, profile;
  flow::Provider provider;      // of the configuration; only for a straight request
  bool straight = true;
  std::uint16_t port = 0;       // of siltgate on 127.0.0.1; not straight
};

std::optional<Target> choose(const Ground& ground) {
  Target target;
  if (ground.loaded) {
    const flow::Config& config = ground.loaded->settings.flow;
    const flow::Provider* provider = config.find_provider(config.default_provider);
    if (!provider) provider = &config.providers.front();
    target.name = provider->name, target.profile = provider->profile, target.provider = *provider;
  }
  if (ground.state) {
    for (const observe::ProviderRow& row : ground.state->providers)
      if (row.is_default) target.name = row.name, target.profile = row.profile;
    for (const std::string& each : ground.state->listen) {
      const auto address = settings::parse_address(each);
      if (target.port == 0 && (address.address == "127.0.0.1" || address.address == "0.0.0.0")) target.port = address.port;
    }
    target.straight = target.port == 0;
  }
  if (target.straight && (!ground.loaded || target.provider.base_url.scheme == "demo")) return {};
  return target;
}

/// The client's key: the configured one where siltgate lends it, else the variable clients of this provider use. Never shown.
std::string key_for(const Target& target, const Io& io) {
  if (target.straight && target.provider.auth == flow::Auth::replace && !target.provider.keys.empty()) return target.provider.keys.front().value;
  static const std::map<std::string, std::vector<std::string>> variables{
      {"anthropic", {"ANTHROPIC_API_KEY"}}, {"zai", {"ZHIPU_API_KEY", "ZAI_API_KEY"}}, {"openrouter", {"OPENROUTER_API_KEY"}}};
  const auto known = variables.find(target.profile);
  for (const std::string& name : known == variables.end() ? std::vector<std::string>{"OPENAI_API_KEY"} : known->second)
    if (auto value = io.env(name); value && !value->empty()) return *value;
  return {};
}

std::string model_for(const Command& command, const Target& target) {
  if (!command.model.empty()) return command.model;
  if (target.profile == "zai") return "glm-4.5-air";
  if (target.profile == "anthropic") return "claude-3-5-haiku-latest";
  if (target.profile == "openai") return "gpt-4o-mini";
  return "demo/echo";
}

struct Asked {
  int status = 0;
  std::string body, fault;
};

Asked through_siltgate(const Target& target, const std::string& path, const std::string& body, const std::vector<std::pair<std::string, std::string>>& fields) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1" + path;
  request.body = body;
  request.fields = fields;
  request.silence = std::chrono::seconds(30);
  const HttpReply reply = http_request({"", target.port}, request);
  return {reply.status, reply.body, reply.fault};
}

Asked straight(const Target& target, const Io& io, const std::string& path, const std::string& body, const std::vector<std::pair<std::string, std::string>>& fields) {
  const Url& url = target.provider.base_url;
  net::Question question;
  question.target = url;
  const auto proxy = net::choose_proxy(target.provider.proxy, url, [&io](std::string_view name) { return io.env(std::string(name)); });
  if (!proxy) return {0, "", proxy.error().detail};
  question.proxy = *proxy;
  if (url.tls()) {
    auto context = net::TlsContext::make(target.provider.tls);
    if (!context) return {0, "", context.error().detail};
    question.tls = *context;
  }
  question.request = "POST " + url.path + path + " HTTP/1.1\r\nHost: " + url.authority() + "\r\nConnection: close\r\n";
  for (const auto& [name, value] : fields) question.request += name + ": " + value + "\r\n";
  question.request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  question.answer = std::chrono::seconds(30);
  const net::WaySeen seen = net::look_at(question);
  if (seen.answer) return {seen.answer->status, seen.answer->body, seen.answer->fault};
  return {0, "", seen.tls && !seen.tls->distrust.empty() ? "the certificate is not trusted" : "no connection"};
}

/// The provider's own sentence in an error body, or the beginning of what it said.
std::string message_of(const std::string& body) {
  const auto begin = body.find('{'), end = body.rfind('}');
  if (begin != std::string::npos && end != std::string::npos && end > begin) {
    const auto json = nlohmann::json::parse(body.substr(begin, end - begin + 1), nullptr, false);
    if (json.is_object() && json.contains("error") && json["error"].is_object() && json["error"].contains("message") && json["error"]["message"].is_string())
      return json["error"]["message"].get<std::string>().substr(0, 300);
  }
  return body.substr(0, 200);
}

Finding judge(const Asked& asked, const std::string& subject, const std::string& model, bool had_key) {
  if (asked.status == 200) return {"probe", State::ok, subject, "answered a request of one token to " + model, ""};
  if (asked.status == 0) return {"probe", State::fault, subject, "no answer: " + asked.fault, "siltgate why last"};
  const std::string said = "answered " + std::to_string(asked.status) + ": " + message_of(asked.body);
  if (asked.status == 401 || asked.status == 403)
    return {"probe", State::fault, subject, said, had_key ? "the key is not valid here; make a new one with the provider" : "export ZHIPU_API_KEY=…      # or the variable your provider's clients use; doctor sent no key"};
  if (asked.status == 429) return {"probe", State::warning, subject, said, "siltgate status      # is something else using this key?"};
  if (asked.status == 400 || asked.status == 404) return {"probe", State::fault, subject, said, "siltgate doctor --probe --model NAME      # a model this key may use"};
  return {"probe", State::fault, subject, said, "siltgate why last"};
}

}  // namespace

void probe_provider(const Command& command, const Ground& ground, const Io& io, doctor::Findings& findings) {
  const auto target = choose(ground);
  if (!target) return findings.push_back({"probe", State::skipped, "", "there is no provider to ask; the demo provider needs a running siltgate", "siltgate --upstream demo:"});
  const std::string key = key_for(*target, io), model = model_for(command, *target);
  const bool messages = target->profile == "anthropic";
  nlohmann::json body{{"model", model}, {"max_tokens", 1}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
  std::vector<std::pair<std::string, std::string>> fields{{"Content-Type", "application/json"}, {"User-Agent", "siltgate-doctor/" SILTGATE_VERSION}, {"Accept-Encoding", "identity"}};
  if (messages) fields.emplace_back("anthropic-version", "2023-06-01");
  if (!key.empty()) fields.emplace_back(messages ? "x-api-key" : "Authorization", (messages ? "" : "Bearer ") + key);
  const std::string path = messages ? "/messages" : "/chat/completions", text = body.dump();
  const Asked asked = target->straight ? straight(*target, io, path, text, fields) : through_siltgate(*target, path, text, fields);
  findings.push_back(judge(asked, target->name + (target->straight ? "" : " through siltgate"), model, !key.empty()));
}

}  // namespace siltgate::cli
