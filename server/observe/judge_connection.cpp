// SPDX-License-Identifier: Apache-2.0
// Steps 3, 5 and 6 of judge(): connections that did not come about, broke, or fell silent.
#include <fmt/format.h>

#include <boost/system/errc.hpp>

#include "base/tls_error.hpp"
#include "observe/advice.hpp"
#include "observe/judge_steps.hpp"

namespace siltgate::observe::steps {
namespace {

using namespace std::chrono_literals;

/// A break this soon after the last byte was made by somebody who was speaking; NAT and firewall state lives longer.
constexpr Duration fresh = 5s;

struct Ruling {
  Blame blame;
  Certainty certainty;
  std::string reason;   // a fact
};

bool mentions(const std::string& text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words)
    if (text.find(word) != std::string::npos) return true;
  return false;
}

/// Without the names in a refused certificate, which whoever made it chose.
std::string spoken(const std::string& detail) { return detail.substr(0, detail.find(" (certificate of ")); }

Ruling judge_tls(const ExchangeRecord& record, const std::string& text) {
  if (record.tls && record.tls->public_ca == false)
    return {Blame::network, Certainty::likely, between_fact(record)};
  if (mentions(text, {"no certificates to trust"}))
    return {Blame::siltgate, Certainty::certain, "siltgate can verify nobody here, whoever answers."};
  if (mentions(text, {"refused the handshake"}) || !mentions(text, {"certificate", "mismatch"}))   // it may have refused for want of ours
    return {Blame::unknown, Certainty::cannot_tell, "The handshake failed before the peer had proved who it is."};
  if (mentions(text, {"expired", "mismatch", "not yet valid"}))
    return {Blame::provider, Certainty::likely, "The certificate itself is not valid for this name or day."};
  if (mentions(text, {"self-signed", "self signed", "issuer certificate", "unable to get local issuer"}))
    return {Blame::network, Certainty::likely,
            "The certificate chain ends at an authority this machine does not know: typical of a middlebox that opens TLS."};
  return {Blame::unknown, Certainty::cannot_tell,
          "The peer did not prove who it is: the certificate may be the provider's, or that of something between."};
}

Ruling judge_connect(const ExchangeRecord& record, const Failure& failure) {
  if (failure.party == Party::siltgate)
    return {Blame::siltgate, Certainty::certain,
            failure.cause == Cause::connect_failed ? "The system gave siltgate no socket." : "Nobody was asked: siltgate cannot use what it was told to use."};
  switch (failure.cause) {
    case Cause::resolve_failed:
      return {Blame::network, Certainty::likely, "The provider's name was not resolved to an address."};
    case Cause::proxy_refused:
      return {Blame::network, Certainty::certain, "The proxy between siltgate and the provider opened no tunnel."};
    case Cause::tls_failed:
      return judge_tls(record, spoken(failure.detail));
    case Cause::connect_timeout:
      if (mentions(failure.detail, {"the TLS handshake"}))
        return {Blame::network, Certainty::likely,
                "TCP was connected; what fell silent may be something between, or an overloaded provider."};
      if (mentions(failure.detail, {"the proxy's answer"}))
        return {Blame::network, Certainty::likely, "The proxy was connected, and did not answer CONNECT in time."};
      return {Blame::network, Certainty::likely, "No answer to the connection attempts came within timeouts.connect."};
    default:
      break;
  }
  if (failure.system == boost::system::errc::connection_refused)
    return {Blame::provider, Certainty::likely, "The provider's machine answered, but nothing listened on the port."};
  return {Blame::network, Certainty::likely, "The system could not reach the provider's address."};
}

std::string_view connect_summary(Cause cause) {
  switch (cause) {
    case Cause::resolve_failed: return "the provider's name could not be resolved";
    case Cause::proxy_refused: return "the proxy refused to connect to the provider";
    case Cause::tls_failed: return "the TLS connection to the provider failed";
    case Cause::connect_timeout: return "no connection to the provider came about in time";
    default: return "the provider could not be connected to";
  }
}

std::string connect_advice(const Failure& failure) {
  switch (failure.cause) {
    case Cause::proxy_refused: return "Look at HTTPS_PROXY and NO_PROXY, or set proxy for this provider.";
    case Cause::tls_failed:
      if (failure.party == Party::siltgate) return "Mend ca_file, and let siltgate check tell you that it is good.";
      if (mentions(failure.detail, {"no certificates to trust"}))
        return "Install the system's certificates (Debian: apt-get install ca-certificates), and reload siltgate; or set ca_file.";
      if (mentions(failure.detail, {"speaks no TLS;"})) return "Check scheme and port of base_url.";
      if (!mentions(failure.detail, {"certificate"})) return "Run siltgate doctor: it looks at each step of the way.";
      return "Run siltgate doctor: it prints the certificate chain. Behind a company proxy, set ca_file to its authority; "
             "check this machine's clock.";
    default: return "Check the network with siltgate doctor; if it is fine, check base_url and the provider's status page.";
  }
}

/// TLS itself says what broke it.
Ruling judge_tls_break(const ExchangeRecord& record, const Failure& failure) {
  const TlsBreak what = tls_break(failure.system);
  if (what == TlsBreak::own) return {Blame::unknown, Certainty::cannot_tell, "OpenSSL gave the connection up; whose fault that was it does not say."};
  if (what == TlsBreak::foreign)
    return {Blame::network, Certainty::likely,
            "TLS refused bytes that the far end of the connection had not sent so: they were changed or put in on the way."};
  if (between(record) == Between::private_tls)
    return {Blame::unknown, Certainty::cannot_tell, "It was the far end of TLS, and that is a middlebox here."};
  if (what == TlsBreak::unruly)
    return {Blame::provider, Certainty::likely, "What TLS refused came encrypted like the answer, from the far end of TLS."};
  return {Blame::provider, Certainty::certain, "The end was announced inside TLS (an alert), which only the provider's side can do."};
}

/// Order: what proves, then what suggests.
Ruling judge_break(const ExchangeRecord& record, const Failure& failure, Duration gap) {
  const Cause cause = failure.cause;
  if (between(record) == Between::nobody)
    return {Blame::provider, Certainty::certain, between_fact(record)};
  if (is_tls(failure.system)) return judge_tls_break(record, failure);
  if (cause == Cause::upstream_malformed)
    return {between(record) == Between::private_tls ? Blame::network : Blame::provider,
            between(record) == Between::public_tls ? Certainty::certain : Certainty::likely, between_fact(record)};
  if (record.close_notify == true && between(record) != Between::private_tls)
    return {Blame::provider, Certainty::certain,
            "The end was announced inside TLS (close_notify), which only the provider's side can do."};
  const PathState path = record.path.value_or(PathState::unknown);
  if (path == PathState::dead)
    return {Blame::network, Certainty::likely, "TCP_INFO: acknowledgements had stopped before the break, the path was dead."};
  if (record.through_proxy || between(record) == Between::private_tls)
    return {Blame::unknown, Certainty::cannot_tell, "A proxy or middlebox stands between: it may have made the break itself."};
  if (path == PathState::alive)
    return {Blame::provider, Certainty::likely, "TCP_INFO: the path was alive until the break."};
  if (cause == Cause::upstream_closed)
    return {Blame::provider, Certainty::likely,
            "It was an orderly close (FIN); networks that drop connections seldom send one."};
  if (gap < fresh)
    return {Blame::provider, Certainty::likely,
            "The reset followed closely on data, so it hardly came from an expired NAT or firewall entry."};
  return {Blame::unknown, Certainty::cannot_tell,
          "A reset after such a silence may come from the provider, or from a NAT or firewall that forgot the connection."};
}

Ruling judge_silence(const ExchangeRecord& record) {
  const PathState path = record.path.value_or(PathState::unknown);
  if (between(record) == Between::nobody) return {Blame::provider, Certainty::certain, between_fact(record)};
  if (path == PathState::dead)
    return {Blame::network, Certainty::likely,
            "TCP_INFO: the far side no longer acknowledged anything, the path was dead. A machine without power looks the same."};
  if (path == PathState::alive)
    return {Blame::provider, record.through_proxy || between(record) == Between::private_tls ? Certainty::likely : Certainty::certain,
            "TCP_INFO: the far side still acknowledged while it sent nothing."};
  if (record.first_byte == TimePoint{} && record.bytes_in == 0)
    return {Blame::provider, Certainty::likely,
            "The connection had just been made and the request was sent; TCP_INFO says no more."};
  return {Blame::unknown, Certainty::cannot_tell,
          "TCP_INFO does not decide after so short a silence, so a dead path looks the same as a silent provider."};
}

std::string_view culprit(Blame blame) {
  return blame == Blame::network ? "the network" : blame == Blame::provider ? "the provider" : "somebody upstream";
}

Verdict build(const Ruling& ruling, Cause cause) {
  Verdict v;
  v.blame = ruling.blame;
  v.certainty = ruling.certainty;
  v.cause = to_string(cause);
  return v;
}

std::string_view broke_how(const Failure& failure) {
  if (is_tls(failure.system)) return tls_break(failure.system) == TlsBreak::alert ? "ended TLS with an alert" : "sent bytes that TLS refuses";
  if (failure.cause == Cause::upstream_reset) return "reset the connection";
  if (failure.cause == Cause::upstream_closed) return "closed the connection before the answer was complete";
  return "sent bytes that are not HTTP";
}

std::string break_advice(const ExchangeRecord& record) {
  if (replays_posts(record.user_agent))
    return "Run it again. " + replay_advice();
  return "Run it again; delivery \"whole\" makes siltgate repeat cut answers unseen. If it always breaks after the same time, "
         "something between has an idle timeout of that length.";
}

/// The handshake of its own connection passed, nothing larger did.
bool only_small_packets_pass(const ExchangeRecord& record) {
  if (record.attempts.empty() || record.attempts.back().reused || !record.tcp) return false;
  return record.attempts.back().connected != TimePoint{} && record.tcp->unacknowledged > 1;
}

std::string silence_advice(const ExchangeRecord& record, bool begun) {
  if (record.path == PathState::dead && !begun && only_small_packets_pass(record))
    return "Connections come about, but what is sent on them does not arrive: typical of a VPN, tunnel or guest network that drops large packets without a word. "
           "Lower the MTU of that network's interface (ip link set dev NAME mtu 1280, as a test) and run it again.";
  if (record.path == PathState::dead)
    return "Look at the network between siltgate and the provider: Wi-Fi, VPN, a machine that slept. Once siltgate doctor finds nothing, run it again.";
  return begun ? "Run it again; if the model pauses that long when it works well, raise timeouts.idle."
               : "Run it again; if the model needs longer to begin, raise timeouts.first_byte.";
}

}  // namespace

Decision not_connected(const ExchangeRecord& record) {
  const Cause cause = cause_of(record);
  if (cause != Cause::resolve_failed && cause != Cause::connect_failed && cause != Cause::connect_timeout &&
      cause != Cause::proxy_refused && cause != Cause::tls_failed)
    return {};
  const Failure& failure = *failure_of(record);
  const Ruling ruling = judge_connect(record, failure);
  Verdict v = build(ruling, cause);
  v.summary = failure.party == Party::siltgate ? "no connection to the provider was made" : connect_summary(cause);
  if (const std::string text = failure_text(failure); !text.empty()) v.facts.push_back(text + ".");
  v.facts.push_back(ruling.reason);
  if (!record.attempts.empty())
    v.facts.push_back(fmt::format("The last attempt took {}.",
                                  ms(span(record.attempts.back().admitted, record.attempts.back().ended))));
  add_history(record, v.facts);
  v.advice = connect_advice(failure);
  return v;
}

Decision broken_stream(const ExchangeRecord& record) {
  const Cause cause = cause_of(record);
  if (cause != Cause::upstream_reset && cause != Cause::upstream_closed && cause != Cause::upstream_malformed) return {};
  const Duration gap = span(record.last_byte_in, record.ended);
  const Failure& failure = *failure_of(record);
  const Ruling ruling = judge_break(record, failure, gap);
  Verdict v = build(ruling, cause);
  const std::string_view how = broke_how(failure);
  v.summary = record.bytes_in > 0 ? fmt::format("{} cut the stream after {} bytes: it {}", culprit(ruling.blame),
                                                record.bytes_in, how)
                                  : fmt::format("{} {} before any byte of the answer's body", culprit(ruling.blame), how);
  v.facts.push_back(fmt::format("{} bytes in {} complete events had arrived, the last {} before the break.", record.bytes_in,
                                record.events, ms(gap)));
  v.facts.push_back(ruling.reason);
  if (const std::string tcp = tcp_fact(record); !tcp.empty()) v.facts.push_back(tcp);
  if (const std::string text = failure_text(failure); !text.empty()) v.facts.push_back(text + ".");
  v.facts.push_back(delivered_fact(record));
  add_history(record, v.facts);
  v.advice = break_advice(record);
  return v;
}

Decision silence(const ExchangeRecord& record) {
  if (cause_of(record) != Cause::upstream_silent) return {};
  const Ruling ruling = judge_silence(record);
  const bool begun = record.bytes_in > 0 || record.first_byte != TimePoint{};
  TimePoint last = record.last_byte_in != TimePoint{} ? record.last_byte_in : record.first_byte;
  if (last == TimePoint{}) last = record.connected != TimePoint{} ? record.connected : record.admitted;
  const Duration quiet = span(last, record.ended);
  Verdict v = build(ruling, Cause::upstream_silent);
  v.summary = begun ? fmt::format("{} fell silent for {} in the middle of an answer", culprit(ruling.blame), ms(quiet))
                    : fmt::format("{} did not begin to answer within {}", culprit(ruling.blame), ms(quiet));
  v.facts.push_back(fmt::format("{} bytes in {} events had arrived before the silence.", record.bytes_in, record.events));
  v.facts.push_back(ruling.reason);
  if (const std::string tcp = tcp_fact(record); !tcp.empty()) v.facts.push_back(tcp);
  if (const std::string text = failure_text(*failure_of(record)); !text.empty()) v.facts.push_back(text + ".");
  add_history(record, v.facts);
  v.advice = silence_advice(record, begun);
  return v;
}

}  // namespace siltgate::observe::steps
