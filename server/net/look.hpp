// SPDX-License-Identifier: Apache-2.0
// One look at a way to a server, step by step: name, TCP, proxy, TLS, a first answer. Blocking, each step with its own bound;
// goes on where it can, so that one run shows more than the first fault. For diagnosis: traffic takes dial.hpp.
// Judges nothing. No credential passes unless `only_trusted` holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/url.hpp"
#include "net/tls.hpp"

namespace siltgate::net {

enum class Trust { expired, not_yet_valid, wrong_name, unknown_issuer, self_signed, other };

struct CertificateSeen {
  std::string subject;               // common name, else organisation
  std::string issuer;                // organisation and common name
  std::vector<std::string> names;    // subjectAltName: DNS names and addresses
  WallTime not_before{}, not_after{};
};

struct TlsSeen {
  bool finished = false;             // the handshake, whatever its certificates are worth
  std::string fault;                 // why it did not finish
  std::string version;
  std::vector<Trust> distrust;       // empty = as dial() would accept it
  std::string distrust_text;         // OpenSSL's words for the first of them
  std::vector<CertificateSeen> chain;   // as sent, leaf first
  std::optional<CertificateSeen> expired{}; // the first one, which may stand in a store
};

struct AnswerSeen {
  int status = 0;                    // 0 = none
  std::string fault;
  bool tls_broke = false;            // that is why none came
  std::string date;                  // the field Date
  std::string content_type;
  std::string body;                  // at most 64 KiB of it, as framed
  WallTime at{};                     // when the head had come
};

struct WaySeen {
  std::vector<std::string> addresses;   // of the first hop
  std::string dns_fault;
  bool connected = false;
  std::string peer;                     // "192.0.2.1:443"
  std::string tcp_fault;
  std::string proxy_fault;              // the proxy's answer to CONNECT
  std::optional<TlsSeen> tls;           // not for http
  std::optional<AnswerSeen> answer;     // when a request was sent
};

struct Question {
  Url target;
  std::optional<Url> proxy;
  std::shared_ptr<TlsContext> tls;      // for https
  std::string request;                  // sent when everything before worked; "" = nothing
  bool only_trusted = true;             // do not send it over a connection that dial() would refuse
  Duration step = std::chrono::seconds(5);
  Duration answer = std::chrono::seconds(10);
};

/// Takes at most four times `step` and once `answer`. The caller ignores SIGPIPE.
WaySeen look_at(const Question& question);

/// The addresses of a name within `step`; `fault` says why there are none.
std::vector<std::string> resolve_within(const std::string& host, Duration step, std::string& fault);

/// "Thu, 26 Nov 2026 23:50:05 GMT" (RFC 9110, 5.6.7), or nothing.
std::optional<WallTime> parse_http_date(const std::string& text);

}  // namespace siltgate::net
