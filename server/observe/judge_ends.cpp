// SPDX-License-Identifier: Apache-2.0
// Steps 1 and 2 of judge(): what siltgate refused by itself, and clients that leave.
#include <fmt/format.h>

#include "base/units.hpp"

#include "observe/judge_steps.hpp"

namespace siltgate::observe::steps {
namespace {

struct Own {
  Cause cause;
  Blame blame;
  std::string_view summary, advice;
};

constexpr Own own_causes[] = {
    {Cause::queue_full, Blame::siltgate, "siltgate was full and refused the request",
     "Run fewer agents at once, raise the concurrency if the provider allows more, or raise the bound that the cause names."},
    {Cause::queue_timeout, Blame::siltgate, "siltgate gave up because the request had waited too long in the queue",
     "Run fewer agents at once, raise the concurrency if the provider allows more, or raise limits.queue.max_wait."},
    {Cause::cancelled, Blame::siltgate, "siltgate cut the exchange because its operator cancelled it",
     "Nothing to do if you cancelled it; everybody who may open the dashboard can (admin.allow)."},
    {Cause::draining, Blame::siltgate, "siltgate refused the request because it was shutting down",
     "Send it again once siltgate runs again."},
    {Cause::repeat, Blame::client, "the client sent the same request over and over, and siltgate held it back",
     "The agent is in a loop: stop it and look at its last answer (siltgate log); limits.repeat sets the bound."},
    {Cause::shared_down, Blame::siltgate, "siltgate refused the request because Redis, which holds the shared caps, did not answer",
     "Start Redis again or look at the network to it; with shared.when_down \"local\" requests go on meanwhile."},
    {Cause::lease_lost, Blame::siltgate, "siltgate ended the exchange because it had lost its shared permit",
     "This machine or its connection to Redis stood still for longer than shared.lease: look at its load, or raise shared.lease."},
    {Cause::quota_spent, Blame::provider, "the provider had said that this key's quota is spent, and siltgate did not ask again",
     "Wait for the reset named below, or use another plan or key; siltgate tries one request every ten minutes, and a restart "
     "forgets the hold."},
    {Cause::forbidden, Blame::client, "siltgate refused a client that is not allowed",
     "If this client is yours, add its address, Host or Origin to the setting named in the message."},
    {Cause::no_route, Blame::client, "the client asked for a path that leads to no provider",
     "Correct the client's base URL; the error message lists those that exist."},
    {Cause::websocket_unsupported, Blame::client, "the client asked for a WebSocket, which siltgate does not offer",
     "Nothing to do where the client goes on over HTTP; else switch WebSockets off in its settings."},
    {Cause::bad_request, Blame::client, "the client sent a malformed request",
     "Report it to the client's maintainers with the text of siltgate why ID."},
    {Cause::line_too_long, Blame::client, "the client sent a request line beyond siltgate's bound",
     "Correct the client's base URL; no inference request needs such a line."},
    {Cause::head_too_large, Blame::client, "the client sent headers beyond siltgate's bound",
     "Remove what adds so many or such long headers to the client's requests."},
    {Cause::body_too_large, Blame::client, "the client sent a body beyond siltgate's bound",
     "Send less, or raise limits.request_body."},
    {Cause::client_silent, Blame::client, "the client did not finish sending its request in time",
     "Look at the network between the client and siltgate, and at the load of the client's machine."},
    {Cause::response_too_large, Blame::siltgate, "siltgate cut an answer that was larger than its bound",
     "Raise limits.response_body or limits.event if such answers are expected."},
    {Cause::bug, Blame::siltgate, "siltgate failed by its own fault",
     "Report it to siltgate's maintainers with the text of siltgate why ID."},
};

const Own* find_own(Cause cause) {
  for (const Own& own : own_causes)
    if (own.cause == cause) return &own;
  return nullptr;
}

/// No FIN, no reset, no acknowledgement.
Verdict lost_client(const ExchangeRecord& record) {
  const bool whole = complete(record);
  Verdict v;
  v.blame = Blame::client;
  v.cause = "client_left";
  v.certainty = whole ? Certainty::likely : Certainty::certain;
  v.summary = whole ? "the client's machine was gone when its answer ended" : "the client's machine was gone without a word";
  v.facts.push_back(whole ? "All of the answer was handed to the system, but nothing had been acknowledged for 10 s or more: its end may never have arrived."
                          : "Nothing of what was sent to it was acknowledged any more; it did not close its connection.");
  v.facts.push_back(fmt::format("{} in {} had been handed over, after {} in all.", counted(record.bytes_out, "byte"),
                                counted(record.events, "event"), ms(span(record.accepted, record.ended))));
  add_history(record, v.facts);
  v.advice = "Look at the client's machine: switched off, asleep, or its network is down. A virtual machine that is paused or killed looks like this.";
  return v;
}

}  // namespace

Decision own_refusal(const ExchangeRecord& record) {
  const Own* own = find_own(cause_of(record));
  if (!own) return {};
  const Failure& failure = *failure_of(record);
  Verdict v;
  v.blame = own->blame;
  v.cause = to_string(failure.cause);
  v.certainty = Certainty::certain;
  v.summary = own->summary;
  v.advice = own->advice;
  if (failure.cause == Cause::client_silent && failure.phase == Phase::relay_body) {
    v.summary = "the client stopped reading its answer";
    v.advice = "Look at the client: it took no byte for the time that siltgate waits. A paused terminal or a sleeping machine does that.";
    v.facts.push_back(fmt::format("{} in {} had been handed over.", counted(record.bytes_out, "byte"), counted(record.events, "event")));
  }
  if (const std::string text = failure_text(failure); !text.empty()) v.facts.push_back(text + ".");
  v.facts.push_back(record.attempts.empty()
                        ? fmt::format("It ended in {} after {}, before anything was sent to the provider.",
                                      to_string(failure.phase), ms(span(record.accepted, record.ended)))
                        : fmt::format("It ended in {} after {} and {} at the provider.", to_string(failure.phase),
                                      ms(span(record.accepted, record.ended)), counted(record.attempts.size(), "attempt")));
  add_history(record, v.facts);
  return v;
}

Decision client_left(const ExchangeRecord& record) {
  if (record.client_lost && (cause_of(record) == Cause::none || cause_of(record) == Cause::client_left)) return lost_client(record);
  const bool left = cause_of(record) == Cause::client_left ||
                    (record.closed_first == Closer::client && !record.ended_cleanly && cause_of(record) == Cause::none);
  if (!left || complete(record)) return {};
  const TimePoint last = record.last_byte_in != TimePoint{} ? record.last_byte_in : record.accepted;
  const Duration quiet = span(last, record.ended);
  Verdict v;
  v.blame = Blame::client;
  v.cause = "client_left";
  v.certainty = Certainty::certain;
  v.summary = fmt::format("the client closed its connection after {}", ms(span(record.accepted, record.ended)));
  v.facts.push_back(fmt::format("{} bytes in {} events had been delivered.", record.bytes_out, record.events));
  if (record.attempts.empty())
    v.facts.push_back(fmt::format("It was still waiting its turn, for {}.", ms(record.queued)));
  else
    v.facts.push_back(fmt::format("The last byte from the provider had come {} before.", ms(quiet)));
  if (const std::string tcp = tcp_fact(record); !tcp.empty() && quiet > std::chrono::seconds(5)) v.facts.push_back(tcp);
  add_history(record, v.facts);
  v.advice = quiet > std::chrono::seconds(30)
                 ? "If nobody stopped it by hand, the client's own timeout ran out while the provider was slow: raise that "
                   "timeout, or lower limits.queue.early_headers_after so that heartbeats start sooner."
                 : "Nothing to do if the answer was stopped by hand or the agent had what it wanted.";
  return v;
}

}  // namespace siltgate::observe::steps
