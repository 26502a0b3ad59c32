// SPDX-License-Identifier: Apache-2.0
#include "stream/stream_checker.hpp"

#include <algorithm>

#include "base/units.hpp"
#include "stream/delivery.hpp"
#include "stream/event_inspector.hpp"
#include "stream/event_splitter.hpp"
#include "stream/settled.hpp"
#include "stream/utf8.hpp"

namespace siltgate::stream {
namespace {

constexpr std::size_t most_findings = 256;         // a flagged stream may be wrong in every event
constexpr std::size_t excerpt_size = 64;
constexpr std::size_t kept_capacity = 1024;        // a larger buffer is given back once it is empty
constexpr std::size_t most_edges = 64;             // read borders remembered inside one event
constexpr std::uint64_t edge_reach = 16;           // a parser stops up to so many bytes behind a cut
constexpr std::size_t error_size = 64 * 1024;
constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

}  // namespace

struct StreamChecker::State {
  State(Dialect of, const Config& with) : dialect(of), config(with) {
    if (dialect != Dialect::none) inspector.emplace(dialect, config);
  }

  enum class Open : std::uint8_t { check, pass, drop };  // what becomes of the open event once it is complete

  // What every event touches comes first and close together: among hundreds of streams an event pays more for memory that is far
  // away than for its checks.
  Dialect dialect;
  Open open = Open::check;
  bool dropped_cr = false;                // an event that ended with CR was left out: so is an LF that follows at once
  bool overlong = false;                  // the open event is over the limit: its bytes are no longer held
  bool rejected = false;
  bool end_said = false;                  // a finding about the end is recorded; one is enough
  bool at_boundary = true;
  std::uint64_t read_start = 0;           // body offset of the read in hand
  std::uint64_t open_start = 0;           // body offset where the open event or line starts
  std::uint64_t events = 0;
  Config config;
  std::vector<Finding> findings;
  EventSplitter splitter;
  std::vector<std::uint64_t> edges;       // body offsets inside the open event where reads ended
  std::string held;                       // the open event or line, as far as it has arrived
  Utf8Gate gate;
  Delivery delivery;
  std::optional<EventInspector> inspector;
  std::optional<ProviderError> error;

  Step step() const { return {delivery.first(), delivery.second(), rejected, at_boundary}; }
  bool ended() const { return error || (inspector && inspector->said().ended); }

  void feed(std::string_view bytes);
  void feed_unchecked(std::string_view bytes);
  void scan(std::string_view run, std::uint64_t offset, bool no_cr = false);
  void hold(std::string_view bytes);
  void take(const EventSplitter::Piece& found, std::string_view piece);
  void close_piece();
  void over_limit();
  void utf8_fault(const Utf8Gate::Run& run, std::uint64_t offset, std::string_view read);
  Action record(const Fault& fault, std::string_view event);
  void keep(Finding finding);
  bool edge_near(std::uint64_t offset) const;
  Action judge(std::string_view event, bool one_line);
  Action judge_faults(std::string_view event, const Faults& faults, std::size_t from);
  Action judge_between(std::string_view piece);
  std::string mended(std::string_view event, const Faults& faults) const;
  void note_error(const Inspection& found);
  void finish();
  void finish_tail(bool sound_end);
  void leave_tail_out(bool sound_end);
  void end_fault(std::string what);
};

void StreamChecker::State::keep(Finding finding) {
  if (findings.size() < most_findings) findings.push_back(std::move(finding));
}

bool StreamChecker::State::edge_near(std::uint64_t offset) const {
  return std::any_of(edges.begin(), edges.end(),
                     [offset](std::uint64_t edge) { return edge <= offset + 1 && edge + edge_reach >= offset; });
}

/// Turns a fault into a finding and says what is to be done.
Action StreamChecker::State::record(const Fault& fault, std::string_view event) {
  const Action action = settled(config, fault);
  if (action == Action::pass) return action;
  if (fault.check == Check::finish) end_said = true;
  const std::size_t from = std::min(event.size(), fault.at - std::min(fault.at, excerpt_size / 2));
  const std::uint64_t offset = open_start + fault.at;
  Finding finding{fault.check, action, events + 1, offset, edge_near(offset), fault.reason,
                  std::string(event.substr(from, excerpt_size)), open_start + from};
  if (fault.check == Check::garble) {
    finding.at_read_boundary = false;  // the text says nothing about reads
    finding.excerpt = fault.excerpt;
  }
  finding.doubtful = fault.only_flag;
  keep(std::move(finding));
  return action;
}

/// The strongest action that the faults from number `from` on ask for: reject, then drop, then repair, then flag.
Action StreamChecker::State::judge_faults(std::string_view event, const Faults& faults, std::size_t from) {
  Action strongest = Action::pass;
  for (std::size_t i = from; i < faults.size(); ++i) strongest = std::max(strongest, record(faults[i], event));
  return strongest;
}

void StreamChecker::State::note_error(const Inspection& found) {
  if (!found.provider_error || error) return;
  error = ProviderError{std::string(found.error_payload.substr(0, error_size)), events + 1, found.error_shown};
}

/// 0. An event that is left out already is not taken in. 1. What the event alone shows. 2. What shows once it is taken in,
/// unless it is not going to be delivered. A [DONE] after an in-band error ends nothing; where the client could not see the
/// error, it must not see the [DONE] either.
Action StreamChecker::State::judge(std::string_view event, bool one_line) {
  if (open == Open::drop) {  // 0
    ++events;
    return Action::drop;
  }
  Inspection& found = inspector->inspect(event, one_line);
  note_error(found);
  Action action = found.faults.empty() ? Action::pass : judge_faults(event, found.faults, 0);  // 1
  if (action < Action::drop && !(found.done && error && error->shown)) {  // 2
    const std::size_t first = found.faults.size();
    inspector->accept(found);
    if (found.faults.size() > first) action = std::max(action, judge_faults(event, found.faults, first));
    if (action >= Action::drop) inspector->withhold(found);
  }
  if (action == Action::repair) {
    delivery.pass_copy(mended(event, found.faults));
    held.clear();
  }
  if (found.has_data) ++events;
  return action;
}

/// The event with the repairs written in, last one first so that the positions before it hold.
std::string StreamChecker::State::mended(std::string_view event, const Faults& faults) const {
  std::string out(event);
  for (auto fault = faults.rbegin(); fault != faults.rend(); ++fault)
    if (settled(config, *fault) == Action::repair) out.replace(fault->at, fault->value_size, fault->replacement);
  return out;
}

Action StreamChecker::State::judge_between(std::string_view piece) {
  const std::size_t nul = piece.find('\0');
  if (nul == std::string_view::npos) return Action::pass;
  return record({Check::sse, "a NUL byte in a comment", nul, false, 0, {}}, piece);
}

/// A complete event, or bytes between events.
void StreamChecker::State::take(const EventSplitter::Piece& found, std::string_view piece) {
  // An LF behind the last CR does not count: had a read ended between them, it would have come on its own.
  const std::size_t size = held.size() + piece.size() - (piece.ends_with("\r\n") ? 1 : 0);
  if (overlong || size > config.event_limit.count) {
    hold(piece);
    dropped_cr = open == Open::drop && piece.ends_with('\r');
    if (!rejected) close_piece();
    return;
  }
  const bool in_place = held.empty();
  if (!in_place) held += piece;
  const std::string_view whole = in_place ? piece : std::string_view(held);
  Action action = found.kind == EventSplitter::Kind::event ? judge(whole, found.one_line) : judge_between(whole);
  if (action == Action::reject) {
    rejected = true;
    return;
  }
  if (open == Open::drop) action = Action::drop;
  if (action != Action::drop && action != Action::repair) {
    if (in_place) delivery.pass(piece);
    else delivery.pass_held(held);
  }
  dropped_cr = action == Action::drop && piece.ends_with('\r');
  close_piece();
}

void StreamChecker::State::close_piece() {
  open = Open::check;
  overlong = false;
  at_boundary = true;
  edges.clear();
  held.clear();
  if (held.capacity() > kept_capacity) std::string().swap(held);
}

/// Bytes of an event or line that is not complete.
void StreamChecker::State::hold(std::string_view bytes) {
  if (overlong) {
    if (open == Open::pass) delivery.pass_copy(bytes);
    return;
  }
  held += bytes;
  if (held.size() > config.event_limit.count) over_limit();
}

/// The open event is larger than may be held: it fails, or is left out, or (flag) passes without further checks.
void StreamChecker::State::over_limit() {
  const auto limit = format_bytes(config.event_limit);
  const Action action = record({Check::sse, "an event is larger than " + limit, 0, false, 0, {}}, held);
  overlong = true;
  if (action == Action::reject) {
    rejected = true;
  } else if (action == Action::drop || open == Open::drop) {
    open = Open::drop;
  } else {
    open = Open::pass;
    at_boundary = false;
    delivery.pass_copy(held);
  }
  std::string().swap(held);
}

/// Cuts a run of bytes into events and what stands between them.
void StreamChecker::State::scan(std::string_view run, std::uint64_t offset, bool no_cr) {
  splitter.begin(run, no_cr);
  std::size_t at = 0;
  while (at < run.size() && !rejected) {
    if (!splitter.inside()) open_start = offset + at;
    const auto piece = splitter.next();
    const std::string_view bytes = run.substr(at, piece.end - at);
    const bool rest_of_end = dropped_cr && bytes == "\n" && piece.kind == EventSplitter::Kind::between;
    dropped_cr = false;
    if (piece.kind == EventSplitter::Kind::open) hold(bytes);
    else if (!rest_of_end) take(piece, bytes);
    at = piece.end;
  }
}

/// 1. reject fails at once, without waiting for the end of the event. 2. drop leaves the event out when it is
/// complete; if part of it is out already, it fails. 3. repair writes one U+FFFD. 4. flag lets the bytes through.
void StreamChecker::State::utf8_fault(const Utf8Gate::Run& run, std::uint64_t offset, std::string_view read) {
  const Action action = config[Check::utf8];
  const std::string_view before = run.at > 0 ? read.substr(0, run.at) : std::string_view(held);
  const std::string_view near = before.substr(before.size() - std::min(before.size(), excerpt_size / 2));
  const std::size_t behind = run.began_earlier ? offset + run.bytes.size() - read_start : run.at + run.bytes.size();
  std::string excerpt(near);
  excerpt.append(run.bytes).append(read.substr(behind, excerpt_size / 2));
  excerpt.resize(std::min(excerpt.size(), excerpt_size));
  keep({Check::utf8, action, events + 1, offset, run.touches_read_edge, describe_utf8_fault(run.bytes),
        std::move(excerpt), offset - near.size()});
  if (action == Action::reject || (action == Action::drop && overlong && open == Open::pass)) {
    rejected = true;  // 1
    return;
  }
  if (action == Action::drop) open = Open::drop;                                     // 2
  scan(action == Action::repair ? replacement_character : run.bytes, offset);        // 3, 4
}

void StreamChecker::State::feed_unchecked(std::string_view bytes) {
  splitter.begin(bytes);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto piece = splitter.next();
    if (piece.kind == EventSplitter::Kind::event) ++events;
    at = piece.end;
  }
  at_boundary = !splitter.inside();
  delivery.pass(bytes);
}

void StreamChecker::State::feed(std::string_view bytes) {
  delivery.clear();
  if (rejected || bytes.empty()) return;
  if (dialect == Dialect::none) return feed_unchecked(bytes);
  if (gate.open().empty() && is_plain(bytes)) {
    scan(bytes, read_start, true);
  } else if (config[Check::utf8] == Action::pass) {
    scan(bytes, read_start);
  } else {
    const std::uint64_t earlier = gate.open().size();
    gate.begin(bytes);
    for (auto run = gate.next(); !run.bytes.empty() && !rejected; run = gate.next()) {
      const std::uint64_t offset = run.began_earlier ? read_start - earlier : read_start + run.at;
      if (run.fault) utf8_fault(run, offset, bytes);
      else scan(run.bytes, offset);
    }
  }
  read_start += bytes.size();
  if (!splitter.inside()) return;
  if (edges.size() == most_edges) edges.erase(edges.begin());
  edges.push_back(read_start);
}

/// Records that the body ended (or broke off) too early.
void StreamChecker::State::end_fault(std::string what) {
  const bool inside = splitter.inside() || !gate.open().empty();
  what += " after " + counted(events, "event");
  if (inside) what += ", inside an event";
  if (!ended()) what += ", before the proper end of the response";
  Fault fault{Check::finish, std::move(what), 0, ended(), 0, {}};
  const Action action = settled(config, fault);
  if (action == Action::pass) return;
  const std::string_view near = std::string_view(held).substr(held.size() - std::min(held.size(), excerpt_size));
  keep({Check::finish, action, events + (inside ? 1 : 0), read_start, true, std::move(fault.reason),
        std::string(near), read_start - gate.open().size() - near.size(), 0, ended()});
  if (action == Action::reject) rejected = true;
  end_said = true;
}

/// Says that the unfinished end of the body is not delivered: after a proper end that mends it, else something is lost.
void StreamChecker::State::leave_tail_out(bool sound_end) {
  const std::uint64_t start = read_start - gate.open().size() - held.size();
  std::string reason = "an unfinished event of " + std::to_string(read_start - start) + " bytes at the end of the body is left out";
  keep({Check::finish, sound_end ? Action::repair : Action::drop, events + 1, start, true, std::move(reason),
        held.substr(0, excerpt_size), start});
}

/// The last event lacks its blank line. Readers that follow the standard drop it, others take it. 1. Sound: it passes.
/// 2. Damaged: it is left out, which after a proper end loses nothing but, say, half a [DONE].
void StreamChecker::State::finish_tail(bool sound_end) {
  bool sound = gate.open().empty();
  if (splitter.in_event() || !held.starts_with(':')) {
    const Inspection& found = inspector->inspect(held);
    sound = sound && std::all_of(found.faults.begin(), found.faults.end(), [this](const Fault& fault) {
      return settled(config, fault) <= Action::flag;
    });
    note_error(found);
  }
  if (!sound) {
    if (!rejected) leave_tail_out(sound_end);  // 2
    held.clear();
    return;
  }
  at_boundary = rejected;  // 1
  if (!rejected) delivery.pass_held(held);
}

void StreamChecker::State::finish() {
  delivery.clear();
  if (rejected || dialect == Dialect::none) return;
  const bool sound_end = ended();
  if (!sound_end && !end_said) end_fault("the body ended");
  if (!gate.open().empty() && config[Check::utf8] != Action::pass)
    keep({Check::utf8, end_said || sound_end ? Action::flag : config[Check::utf8], events + 1, read_start - gate.open().size(), true,
          "the body ends inside a UTF-8 sequence", std::string(gate.open()), read_start - gate.open().size()});
  if (!held.empty() || !gate.open().empty()) finish_tail(sound_end);
}

StreamChecker::StreamChecker(Dialect dialect, const Config& config)
    : state_(std::make_unique<State>(dialect, config)) {}
StreamChecker::~StreamChecker() = default;
StreamChecker::StreamChecker(StreamChecker&&) noexcept = default;
StreamChecker& StreamChecker::operator=(StreamChecker&&) noexcept = default;

Step StreamChecker::feed(std::string_view bytes) {
  state_->feed(bytes);
  return state_->step();
}

Step StreamChecker::finish() {
  state_->finish();
  return state_->step();
}

void StreamChecker::broken() {
  if (state_->dialect == Dialect::none || state_->rejected) return;
  if (!state_->ended() || state_->splitter.inside()) state_->end_fault("upstream broke off");
}


const std::vector<Finding>& StreamChecker::findings() const { return state_->findings; }
std::uint64_t StreamChecker::events() const { return state_->events; }
bool StreamChecker::saw_proper_end() const { return state_->inspector && state_->inspector->said().ended; }
const std::optional<ProviderError>& StreamChecker::provider_error() const { return state_->error; }
const Usage& StreamChecker::usage() const {
  static const Usage none;
  return state_->inspector ? state_->inspector->said().usage : none;
}
std::string_view StreamChecker::finish_reason() const {
  return state_->inspector ? std::string_view(state_->inspector->said().finish_reason) : std::string_view{};
}
std::string_view StreamChecker::response_id() const {
  return state_->inspector ? std::string_view(state_->inspector->said().id) : std::string_view{};
}

std::size_t StreamChecker::state_size() { return sizeof(State); }

}  // namespace siltgate::stream
