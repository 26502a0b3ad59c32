// SPDX-License-Identifier: Apache-2.0
// What the steps of judge() share: reading times, failures and the way between provider and siltgate out of a record.
#include <fmt/format.h>

#include "base/tls_error.hpp"
#include "observe/judge_steps.hpp"
#include "observe/redact.hpp"

namespace siltgate::observe::steps {

const Failure* failure_of(const ExchangeRecord& record) {
  if (record.failure) return &*record.failure;
  if (record.ended_cleanly || record.attempts.empty()) return nullptr;
  const auto& last = record.attempts.back().failure;
  return last ? &*last : nullptr;
}

Cause cause_of(const ExchangeRecord& record) {
  const Failure* failure = failure_of(record);
  return failure ? failure->cause : Cause::none;
}

std::string untold(const Failure& failure) {
  if (!failure.system || is_tls(failure.system)) return {};
  std::string said = failure.system.message();
  return failure.detail.find(said) == std::string::npos ? said : std::string{};
}

std::string failure_text(const Failure& failure) {
  std::string text = redact(failure.detail);
  if (const std::string said = untold(failure); !said.empty()) text += (text.empty() ? "" : ": ") + said;
  return text;
}

Between between(const ExchangeRecord& record) {
  if (record.upstream_loopback && !record.through_proxy) return Between::nobody;
  if (!record.upstream_tls) return Between::plain;
  if (!record.tls || !record.tls->public_ca) return Between::unknown_tls;
  return *record.tls->public_ca ? Between::public_tls : Between::private_tls;
}

std::string between_fact(const ExchangeRecord& record) {
  const std::string issuer = record.tls ? record.tls->issuer : "";
  switch (between(record)) {
    case Between::nobody:
      return "The provider is on this machine: no network lies between.";
    case Between::public_tls:
      return fmt::format("The connection was TLS up to a certificate of the public authority {}, stamped by a public log: nobody "
                         "between could change a byte unnoticed.", issuer.empty() ? "(unnamed)" : issuer);
    case Between::private_tls:
      return fmt::format("The TLS certificate was issued by \"{}\", which is not a public authority: a middlebox (company "
                         "proxy, virus scanner) opened the connection and could change bytes.",
                         issuer.empty() ? "an unnamed issuer" : issuer);
    case Between::unknown_tls:
      if (issuer.empty()) return "The connection was TLS; who issued the certificate was not recorded.";
      return fmt::format("The connection was TLS up to a certificate of \"{}\", which this machine's trust store holds but no public "
                         "log has stamped: a company's authority that was put there looks the same.", issuer);
    case Between::plain:
      break;
  }
  return "The connection was plain http: anything between the provider and this machine could change bytes.";
}

bool complete(const ExchangeRecord& record) {
  if (record.ended_cleanly) return cause_of(record) == Cause::none;
  const bool left = cause_of(record) == Cause::client_left ||
                    (record.closed_first == Closer::client && cause_of(record) == Cause::none);
  return left && !record.finish_reason.empty() && record.bytes_in > 0 && comparable_bytes(record) == record.bytes_out;
}

const std::string& comparable_sha256(const ExchangeRecord& record) {
  return record.sha256_decoded.empty() ? record.sha256_in : record.sha256_decoded;
}

std::uint64_t comparable_bytes(const ExchangeRecord& record) {
  return record.sha256_decoded.empty() ? record.bytes_in : record.bytes_decoded;
}

bool unread(const ExchangeRecord& record) { return !record.content_coding.empty() && record.sha256_decoded.empty(); }

std::string tcp_fact(const ExchangeRecord& record) {
  if (!record.tcp) return {};
  const TcpSample& tcp = *record.tcp;
  return fmt::format("TCP_INFO of the connection to {}: last sign of life {} before the end, last data {}, round trip {}, {} segments "
                     "unacknowledged after {} repeats, {} keep-alive probes unanswered.",
                     record.through_proxy ? "the proxy" : "the provider", ms(tcp.last_ack), ms(tcp.last_data), ms(tcp.round_trip),
                     tcp.unacknowledged, tcp.retransmits, tcp.unanswered_probes);
}

std::string delivered_fact(const ExchangeRecord& record) {
  if (!record.delivered_body) return "Nothing of the answer was delivered.";
  if (!record.finish_reason.empty())
    return fmt::format("{} bytes were delivered, the finish reason among them: the text itself is whole.", record.bytes_out);
  return fmt::format("{} sound bytes of the answer were delivered; the client was told of the failure, not of an end.",
                     record.bytes_out);
}

std::string ms(Duration duration) { return fmt::format("{} ms", to_ms(duration)); }

Duration span(TimePoint from, TimePoint to) {
  if (from == TimePoint{} || to == TimePoint{} || to < from) return Duration{0};
  return to - from;
}

void add_history(const ExchangeRecord& record, std::vector<std::string>& facts) {
  if (record.attempts.size() > 1) {
    std::string words;
    for (std::size_t i = 0; i + 1 < record.attempts.size(); ++i) {
      const Attempt& attempt = record.attempts[i];
      std::string what = !attempt.refusal.empty()  ? attempt.refusal + (attempt.code.empty() ? "" : " " + attempt.code)
                         : attempt.failure         ? std::string(to_string(attempt.failure->cause))
                                                   : fmt::format("status {}", attempt.status);
      words += (words.empty() ? "" : ", ") + what;
    }
    facts.push_back(fmt::format("{} attempts were made; before the last one: {}.", record.attempts.size(), words));
  }
  if (record.repeated > 0)
    facts.push_back(fmt::format("The client sent this very request {} times in a row; the repeat guard held it back.", record.repeated));
  if (record.queued >= std::chrono::milliseconds(1)) facts.push_back(fmt::format("It waited {} in the queue.", ms(record.queued)));
}

}  // namespace siltgate::observe::steps
