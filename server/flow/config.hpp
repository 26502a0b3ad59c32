// SPDX-License-Identifier: Apache-2.0
// What an exchange needs to know of the settings. Filled by settings/, never changed afterwards:
// a reload makes a new one, exchanges in flight keep theirs.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cleanse.hpp"
#include "base/url.hpp"
#include "http/config.hpp"
#include "net/config.hpp"
#include "schedule/config.hpp"
#include "stream/config.hpp"

namespace siltgate::flow {

enum class Format { automatic, openai, anthropic };
enum class Auth { passthrough, replace };
enum class Delivery { stream, whole };

/// A configured key: the name is public, the value is a secret.
struct Key {
  std::string name;
  std::string value;
  ~Key() { cleanse(value); }
};

struct Provider {
  std::string name;
  Url base_url;
  Format format = Format::automatic;
  std::string profile;                    // name of a refusal table: zai, openai, anthropic, openrouter, generic
  Auth auth = Auth::passthrough;
  std::vector<Key> keys;
  schedule::ProviderLimits limits;
  schedule::RetryConfig retry;
  net::Timeouts timeouts;
  net::ProxyConfig proxy;
  net::TlsConfig tls;
  Delivery delivery = Delivery::stream;
  std::array<std::optional<Delivery>, 3> class_delivery{};  // by schedule::Class; not set: `delivery`
};

struct Config {
  ~Config();

  std::vector<Provider> providers;        // never empty
  std::string default_provider;
  http::KeepAlive keep_alive = http::KeepAlive::automatic;
  http::StreamFailure stream_failure = http::StreamFailure::automatic;
  http::Limits http;
  http::AccessRules access;               // allowed_hosts; the networks come from the listener
  std::map<std::string, std::string> client_tokens;  // name -> secret; empty = anybody
  int connections = 1024;
  int total_concurrency = 0;              // 0 = none
  schedule::QueueConfig queue;
  schedule::RepeatConfig repeat;
  stream::Config validate;
  bool debug_events = false;              // --debug: dump rejected, dropped and repaired events

  const Provider* find_provider(std::string_view name) const;
};

}  // namespace siltgate::flow
