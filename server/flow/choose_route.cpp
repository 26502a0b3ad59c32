// SPDX-License-Identifier: Apache-2.0
// Phase 2: which provider, which key, which model, whose session. Decides only; sends nothing.
#include "flow/exchange.hpp"
#include "http/access.hpp"

namespace siltgate::flow {
namespace {

Failure refuse(Cause cause, std::string detail) {
  return {Phase::route, Party::client, cause, Retry::never, {}, std::move(detail)};
}

/// The credential the client sent: Bearer token or x-api-key.
std::string_view credential_of(const http::RequestHead& request) {
  if (auto key = request.fields.find("x-api-key")) return *key;
  std::string_view value = request.fields.find("authorization").value_or("");
  if (auto space = value.find(' '); space != std::string_view::npos) value.remove_prefix(space + 1);
  return value;
}

/// client_tokens: the name of the token that was sent. Every token is compared, so that time tells nothing.
Result<std::string> check_token(const Config& config, std::string_view credential) {
  if (config.client_tokens.empty()) return std::string{};
  std::string name;
  for (const auto& [token_name, secret] : config.client_tokens)
    if (http::equal_secret(credential, secret)) name = token_name;
  if (name.empty()) return refuse(Cause::forbidden, "this siltgate asks for one of its client_tokens as the API key");
  return name;
}

/// A client token is between the client and siltgate; it never reaches a provider.
void forget_token(Exchange& x) {
  bool in_key = x.request.fields.find("x-api-key").has_value();
  x.request.fields.erase(in_key ? "x-api-key" : "authorization");
}

/// The session's own key, or the next one whose quota is not spent.
const Key& key_for_session(const Exchange& x, const std::vector<Key>& keys) {
  const std::size_t own = std::hash<std::string>{}(x.record.session) % keys.size();
  const auto now = std::chrono::system_clock::now();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Key& key = keys[(own + i) % keys.size()];
    if (!x.services.quota.blocking(x.provider->name, key.name, now)) return key;
  }
  return keys[own];
}

/// passthrough: a configured key keeps its name, any other is named by a salted hash. replace: sessions are spread over the
/// configured keys, each staying with its own while that has quota.
void choose_key(Exchange& x, std::string_view credential) {
  const auto& keys = x.provider->keys;
  if (x.provider->auth == Auth::replace && !keys.empty()) {
    const Key& key = key_for_session(x, keys);
    x.replacement_key = key;
    x.record.key = key.name;
    return;
  }
  x.record.key = x.services.name_of_key(credential);
  for (const Key& key : keys) {
    if (!http::equal_secret(credential, key.value)) continue;
    // A reload may have named it while requests ran under its hash: they are on the same quota.
    x.services.turnstile.rename_key(x.provider->name, x.record.key, key.name);
    x.record.key = key.name;
  }
}

std::string session_of(const Exchange& x, const std::string& token_name) {
  auto lookup = [&x](std::string_view name) { return x.request.fields.find(name); };
  return schedule::session_of(lookup, token_name, x.entrance.peer_address);
}

/// The request's own wish, else its class's setting, else the provider's.
Delivery delivery_of(const Exchange& x) {
  auto wish = x.request.fields.find("siltgate-delivery");
  if (wish && http::same_name(*wish, "whole")) return Delivery::whole;
  if (wish && http::same_name(*wish, "stream")) return Delivery::stream;
  return x.provider->class_delivery[static_cast<std::size_t>(x.klass)].value_or(x.provider->delivery);
}

void note_class(Exchange& x) {
  auto lookup = [&x](std::string_view name) { return x.request.fields.find(name); };
  x.klass = schedule::class_of(lookup, {x.hints.has_tools, x.hints.title_prompt});
  x.record.schedule_class = std::string(schedule::to_string(x.klass));
}

}  // namespace

Result<void> choose_route(Exchange& x) {
  x.phase = Phase::route;
  if (x.request.upgrade_websocket) {  // clients fall back to plain HTTP on this
    x.must_close = true;
    return refuse(Cause::websocket_unsupported, {});
  }
  auto found = x.routes->find(x.request.method, x.request.target, x.request.host);
  if (!found) return found.error();
  x.route = std::move(*found);
  x.answered = x.route.alive_check;
  if (x.answered) return {};
  x.provider = &x.config->providers[x.route.provider];
  x.record.provider = x.provider->name;
  x.record.dialect = x.route.dialect;
  x.validate = x.config->validate;
  std::string_view credential = credential_of(x.request);
  auto token = check_token(*x.config, credential);
  if (!token) return token.error();
  x.record.model = x.hints.model.substr(0, 128);
  x.record.stream = x.hints.stream;
  x.record.session = session_of(x, *token);
  x.record.request_sha256 = x.body_hash.end();
  note_class(x);
  x.delivery = delivery_of(x);
  choose_key(x, credential);
  begin_capture(x);
  if (!token->empty()) forget_token(x);
  return {};
}

}  // namespace siltgate::flow
