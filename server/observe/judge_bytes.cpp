// SPDX-License-Identifier: Apache-2.0
// Steps 7 and 9 to 14 of judge(): what the bytes themselves say.
#include <fmt/format.h>

#include <algorithm>

#include "observe/advice.hpp"
#include "observe/judge_steps.hpp"

namespace siltgate::observe::steps {
namespace {

/// The last one, because earlier attempts come first.
const Finding* last_finding(const ExchangeRecord& record, auto matches) {
  auto found = std::find_if(record.findings.rbegin(), record.findings.rend(), matches);
  return found == record.findings.rend() ? nullptr : &*found;
}

/// What made the answer unsound. A rejection before a complete answer belongs to an attempt that was repeated.
const Finding* damage(const ExchangeRecord& record) {
  const Finding* last = last_finding(record, [&](const Finding& f) {
    return f.action == Action::drop || (f.action == Action::reject && !complete(record));
  });
  if (!last) return nullptr;
  const Finding* named = last;
  for (const Finding& f : record.findings)
    if (f.action == last->action && f.attempt == last->attempt && f.event == last->event) named = naming(&f, named);
  return named;
}

std::string_view what_is_damaged(Check check) {
  switch (check) {
    case Check::content_type: return "the answer was not what was asked for (content type)";
    case Check::utf8: return "the answer held bytes that are not UTF-8";
    case Check::sse: return "the event stream held debris that is no event";
    case Check::json: return "an event held broken JSON";
    case Check::shape: return "an event was not of the protocol's shape";
    case Check::splice: return "a second answer was spliced into the first";
    case Check::finish: return "the answer ended before its proper end";
    case Check::finish_reason: return "the answer ended with a finish reason no client understands";
    case Check::tool_arguments: return "the arguments of a tool call were broken";
    case Check::garble: break;
  }
  return "the text was degenerate";
}

std::string finding_fact(const Finding& finding) {
  const std::string where = finding.event ? fmt::format("event {}, byte {}", finding.event, finding.offset)
                                          : fmt::format("byte {}", finding.offset);
  return fmt::format("Check {} ({}) at {}: {}{}.", to_string(finding.check), to_string(finding.action), where, finding.reason,
                     finding.at_read_boundary ? "; a read from the network ended there" : "");
}

/// Who damaged bytes that arrived whole by TCP's account.
void rule_on_damage(const ExchangeRecord& record, Verdict& v) {
  switch (between(record)) {
    case Between::nobody:
    case Between::public_tls:
      v.blame = Blame::provider;
      v.certainty = Certainty::certain;
      break;
    case Between::private_tls:
      v.blame = Blame::network;
      v.certainty = Certainty::likely;
      break;
    case Between::unknown_tls:
    case Between::plain:
      v.blame = Blame::provider;
      v.certainty = Certainty::likely;
      break;
  }
  v.facts.push_back(between_fact(record));
}

bool intact_status(const ExchangeRecord& record) { return record.status >= 200 && record.status < 400; }

bool same_bytes(const ExchangeRecord& record) {
  return record.sha256_in.empty() ? record.bytes_in == record.bytes_out : comparable_sha256(record) == record.sha256_out;
}

/// Says what was taken off a compressed answer, "" for any other.
std::string packing_fact(const ExchangeRecord& record) {
  if (record.sha256_decoded.empty()) return {};
  return fmt::format("The answer came as {} though identity was asked: {} bytes with SHA-256 {}, decoded {} bytes with SHA-256 {}.",
                     record.content_coding, record.bytes_in, record.sha256_in, record.bytes_decoded, record.sha256_decoded);
}

std::string equality_fact(const ExchangeRecord& record) {
  if (record.sha256_in.empty())
    return fmt::format("{} bytes came in and {} went out; no hash was taken.", record.bytes_in, record.bytes_out);
  if (same_bytes(record))
    return fmt::format("All {} bytes in {} events were delivered as they came; SHA-256 of both is {}.", comparable_bytes(record),
                       record.events, comparable_sha256(record));
  return fmt::format("{} bytes came in (SHA-256 {}) and {} were delivered (SHA-256 {}).", comparable_bytes(record),
                     comparable_sha256(record), record.bytes_out, record.sha256_out);
}

}  // namespace

Decision damaged_bytes(const ExchangeRecord& record) {
  if (cause_of(record) == Cause::provider_error) return {};  // the provider said itself why the answer broke off
  const Finding* finding = damage(record);
  if (!finding && cause_of(record) != Cause::damaged) return {};
  if (finding && finding->check == Check::garble) return {};
  Verdict v;
  v.cause = finding ? to_string(finding->check) : to_string(Cause::damaged);
  rule_on_damage(record, v);
  v.summary = fmt::format("{}{}", finding ? what_is_damaged(finding->check) : "the answer was damaged",
                          finding && finding->event ? fmt::format(", at event {}", finding->event) : "");
  for (const Finding& each : record.findings) v.facts.push_back(finding_fact(each));
  if (!finding)
    if (const std::string text = failure_text(*failure_of(record)); !text.empty()) v.facts.push_back(text + ".");
  if (const std::string packing = packing_fact(record); !packing.empty()) v.facts.push_back(packing);
  v.facts.push_back(delivered_fact(record));
  add_history(record, v.facts);
  v.advice = v.blame == Blame::network
                 ? "Let the middlebox leave this host's TLS alone, or ask whoever runs it, with the text of siltgate why ID."
                 : "Run it again; delivery \"whole\" makes siltgate repeat damaged answers unseen. The provider's support will want "
                   "the text of siltgate why ID.";
  return v;
}

Decision flagged_damage(const ExchangeRecord& record) {
  const Finding* finding = last_finding(record, [&](const Finding& f) {
    const bool earlier = f.attempt > 0 && static_cast<std::size_t>(f.attempt) < record.attempts.size();
    const bool says_unread = f.check == Check::content_type && unread(record);
    return f.action == Action::flag && !f.doubtful && f.check != Check::garble && !earlier && !says_unread;
  });
  if (!finding) return {};
  Verdict v;
  v.cause = to_string(finding->check);
  rule_on_damage(record, v);
  v.summary = fmt::format("{}{}; it was delivered as it came, because the check only flags", what_is_damaged(finding->check),
                          finding->event ? fmt::format(", at event {}", finding->event) : "");
  for (const Finding& each : record.findings) v.facts.push_back(finding_fact(each));
  v.facts.push_back(equality_fact(record));
  add_history(record, v.facts);
  v.advice = fmt::format("Run it again. \"validate\": {{\"{}\": \"reject\"}} ends such an answer as a failure, and siltgate then repeats it "
                         "while nothing was delivered.", to_string(finding->check));
  return v;
}

Decision degenerate_text(const ExchangeRecord& record) {
  const auto of_text = [&](const Finding& f) {
    const bool earlier = f.attempt > 0 && static_cast<std::size_t>(f.attempt) < record.attempts.size();
    return f.check == Check::garble && !(complete(record) && (f.action == Action::reject || earlier));
  };
  const Finding* finding = last_finding(record, [&](const Finding& f) { return of_text(f) && !f.doubtful; });
  if (!finding) finding = last_finding(record, of_text);
  if (!finding) return {};
  Verdict v;
  v.blame = Blame::provider;
  v.cause = "model";
  v.certainty = finding->doubtful ? Certainty::cannot_tell : Certainty::likely;
  v.summary = finding->doubtful ? "the bytes were sound; the model's text may be degenerate"
                                : "the bytes were sound, but the model's text is degenerate";
  v.facts.push_back(finding_fact(*finding));
  if (finding->doubtful)
    v.facts.push_back("Healthy text may look so too: text about tokens or encodings, deliberate repetition. Read the excerpt.");
  v.facts.push_back(equality_fact(record));
  add_history(record, v.facts);
  v.advice = "Start a new session or shorten it, lower the temperature, or use another model: the words come from the model.";
  return v;
}

Decision changed_by_siltgate(const ExchangeRecord& record) {
  const bool mended = last_finding(record, [](const Finding& f) { return f.action == Action::repair; }) != nullptr;
  if (mended || same_bytes(record) || !record.ended_cleanly || record.sha256_in.empty()) return {};
  Verdict v;
  v.blame = Blame::siltgate;
  v.cause = "changed";
  v.certainty = Certainty::certain;
  v.summary = "siltgate delivered other bytes than it received, without having recorded why";
  v.facts.push_back(equality_fact(record));
  v.advice = "This is a fault of siltgate: report it with the text of siltgate why ID.";
  return v;
}

Decision client_replay(const ExchangeRecord& record) {
  if (record.replay_of.empty() || !complete(record)) return {};
  Verdict v;
  v.blame = Blame::client;
  v.cause = "client_replay";
  v.certainty = Certainty::likely;
  v.summary = fmt::format("replayed POST: the answer of {} is sound, but the client asked for it by sending the cut request {} "
                          "again by itself", record.id, record.replay_of);
  v.facts.push_back(fmt::format("The request body of {} is byte for byte that of {}, whose answer was cut in the middle on a kept-alive "
                                "connection just before; SHA-256 {}.", record.id, record.replay_of, record.request_sha256));
  v.facts.push_back("The User-Agent (" + record.user_agent + ") names a runtime that appends the second answer to the first.");
  v.facts.push_back(equality_fact(record));
  v.advice = replay_advice();
  return v;
}

Decision intact(const ExchangeRecord& record) {
  if (!complete(record) || !intact_status(record)) return {};
  const Finding* mended = last_finding(record, [](const Finding& f) { return f.action == Action::repair; });
  Verdict v;
  v.blame = Blame::intact;
  v.cause = mended ? "repaired" : unread(record) ? "unchecked" : "intact";
  v.certainty = record.sha256_in.empty() || unread(record) ? Certainty::likely : Certainty::certain;
  v.summary = mended && mended->check == Check::finish
                  ? "the answer is whole; siltgate left out the unfinished bytes behind its proper end"
              : mended         ? fmt::format("siltgate repaired what the client could not have read ({})", to_string(mended->check))
              : unread(record) ? fmt::format("every byte was delivered as it came, compressed with {}, so that no check could look at it",
                                             record.content_coding)
              : record.findings.empty() ? "every check passed and every byte was delivered"
                                        : "no check found damage in what was delivered, and every byte of it was";
  if (const std::string packing = packing_fact(record); !packing.empty()) v.facts.push_back(packing);
  v.facts.push_back(equality_fact(record));
  for (const Finding& each : record.findings) v.facts.push_back(finding_fact(each));
  if (last_finding(record, [](const Finding& f) { return f.action == Action::reject; }))
    v.facts.push_back("The rejected answer came in an earlier attempt, of which nothing was delivered.");
  if (!record.ended_cleanly) v.facts.push_back("The client closed its connection once it had the end of the answer.");
  if (record.inserted_bytes)
    v.facts.push_back(fmt::format("siltgate added {} bytes of its own (heartbeats).", record.inserted_bytes));
  v.facts.push_back("Anything else the user saw was made after delivery, by the client.");
  add_history(record, v.facts);
  v.advice = replays_posts(record.user_agent) ? "If the text on the screen was garbled: " + replay_advice()
                                              : "If what you saw differs from what was delivered, report it to the client's "
                                                "maintainers with the text of siltgate why ID.";
  return v;
}

Verdict undecided(const ExchangeRecord& record) {
  Verdict v;
  v.blame = Blame::unknown;
  v.cause = to_string(cause_of(record) == Cause::none ? Cause::none : cause_of(record));
  if (v.cause == "none") v.cause = "unknown";
  v.certainty = Certainty::cannot_tell;
  v.summary = "the record does not say why this exchange ended as it did";
  v.facts.push_back(equality_fact(record));
  v.facts.push_back(fmt::format("Status {}, {} attempts, closed first by {}.", record.status, record.attempts.size(),
                                to_string(record.closed_first)));
  v.advice = "Run it again with --capture all and --debug, then siltgate why last.";
  return v;
}

}  // namespace siltgate::observe::steps
