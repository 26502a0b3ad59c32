// SPDX-License-Identifier: Apache-2.0
#include "flow/body_source.hpp"

#include <algorithm>
#include <utility>

#include "flow/note_path.hpp"
#include "flow/relay.hpp"

namespace siltgate::flow {

namespace {

Finding packing_finding(const Failure& failure, Check check) {
  Finding finding;
  finding.check = check;
  finding.action = Action::reject;
  finding.reason = failure.detail;
  return finding;
}

}  // namespace

bool unpacks(http::ContentCoding coding, const http::ResponseHead& head) {
  return (coding == http::ContentCoding::gzip || coding == http::ContentCoding::deflate) && head.status != 206 &&
         head.framing.kind != http::BodyFraming::Kind::none;
}

BodySource::BodySource(Exchange& x, upstream::Lease lease, const http::ResponseHead& head)
    : x_(x),
      reusable_(!head.wants_close && head.framing.kind != http::BodyFraming::Kind::until_close),
      decoder_(head.framing),
      early_(std::move(x.early_body)),
      lease_(std::move(lease)) {
  x.early_body.clear();
  if (!early_.empty()) x.record.last_byte_in = x.record.first_byte;
  const http::ContentCoding coding = http::content_coding(head.fields);
  if (!unpacks(coding, head)) return;
  packed_ = std::make_unique<http::ContentDecoder>(coding);
  x.packed = std::make_unique<observe::Sha256>();
}

Task<Result<void>> BodySource::each(Sink& sink) {
  sink_ = &sink;
  failure_.reset();
  if (pass_held()) {
    net::Watch& watch = x_.client.watch();
    net::Connection& upstream = lease_->connection();
    watch.set_deadline_in(x_.provider->timeouts.idle);
    const bool wait_first = std::exchange(wait_first_, false) && upstream.drained();
    auto read = co_await upstream.read_each(x_.services.scratch, watch, Phase::relay_body, *this, wait_first);
    if (!read && watch.raised() == net::Wake::none) co_return broken(read.error());
    if (!read) note_path(x_, upstream, read.error().system);
    if (!read) co_return read.error();
  }
  if (failure_) co_return *failure_;
  co_return Result<void>{};
}

/// What waits from before: bytes that are still packed, and what came together with the head. That moves into the shared buffer,
/// so that every piece lies there. True: read on.
bool BodySource::pass_held() {
  for (;;) {
    if (packed_ && packed_->holds_more()) {
      if (!pass(unpack({}))) return false;
      continue;
    }
    if (early_.empty() && !decoder_.done()) return true;
    const std::size_t size = std::min(early_.size(), x_.services.scratch.size());
    std::copy_n(early_.data(), size, x_.services.scratch.data());
    early_.erase(0, size);
    if (early_.empty()) std::string().swap(early_);  // a stream may rest for long from here on
    if (!pass(decode(x_.services.scratch.first(size)))) return false;
  }
}

bool BodySource::pass(const Result<Piece>& piece) {
  if (!piece) {
    failure_ = piece.error();
    return false;
  }
  if (piece->bytes.empty() && !piece->last) return true;
  return sink_->take(*piece) && !piece->last;
}

bool BodySource::take(std::size_t bytes) {
  wait_first_ = bytes < x_.services.scratch.size();
  const TimePoint now = Clock::now();
  note_read(now);
  x_.client.watch().set_deadline(now + x_.provider->timeouts.idle);
  if (!pass(decode(x_.services.scratch.first(bytes))) || !pass_held()) return false;
  x_.reply.piece_waits();
  return true;
}

bool BodySource::closed() {
  if (!decoder_.complete_at_close()) return false;
  finish(true);
  sink_->take({{}, true});  // nothing is left packed: all that was has been passed on before the read
  return true;
}

void BodySource::note_read(TimePoint now) {
  TimePoint before = x_.record.last_byte_in;
  if (before != TimePoint{}) {
    x_.record.longest_gap = std::max(x_.record.longest_gap, now - before);
    x_.record.chunk_times.add(now - before);
  }
  x_.record.last_byte_in = now;
  x_.reply.piece_read(now);
}

Result<BodySource::Piece> BodySource::decode(std::span<char> bytes) {
  auto decoded = decoder_.decode(bytes);
  if (!decoded) {
    Failure failure = decoded.error();
    failure.phase = Phase::relay_body;
    failure.party = Party::provider;
    failure.cause = Cause::upstream_malformed;
    failure.retry = Retry::safe;
    failure.detail = "response body: " + failure.detail;
    return failure;
  }
  x_.record.bytes_in += decoded->payload.size();
  bool last = decoder_.done();
  if (last) finish(decoded->used == bytes.size() && early_.empty());
  if (packed_) return unpack(decoded->payload);
  if (x_.capture.on()) x_.capture.read(decoded->payload, decoder_.chunk_ends(), Clock::now());
  return Piece{decoded->payload, last};
}

/// Decoded bytes go where every piece lies, into the shared buffer; what does not fit waits packed for the next call.
Result<BodySource::Piece> BodySource::unpack(std::string_view packed) {
  x_.packed->add(packed);
  packed_->give(packed);
  auto size = packed_->take(x_.services.scratch);
  if (!size) {
    close();
    note_findings(x_, {packing_finding(size.error(), Check::content_type)});
    return size.error();
  }
  std::string_view bytes(x_.services.scratch.data(), *size);
  x_.capture.read(bytes, {}, Clock::now());  // as checked; borders of packed chunks mean nothing for it
  const bool last = !lease_ && !packed_->holds_more();
  if (last) x_.capture.body_ended(Clock::now());
  return Piece{bytes, last};
}

std::optional<Failure> BodySource::cut_short() const {
  if (!packed_ || packed_->ended()) return {};
  Failure failure{Phase::relay_body, Party::provider, Cause::damaged, Retry::safe, {}, ""};
  failure.detail = "the " + std::string(packed_->name()) + " data stops before its own end, after " + std::to_string(packed_->received()) +
                   " compressed bytes";
  return failure;
}

void BodySource::finish(bool nothing_left) {
  if (lease_) note_path(x_, lease_->connection());
  if (!packed_) x_.capture.body_ended(Clock::now());
  x_.upstream.reset();
  if (reusable_ && nothing_left && lease_) x_.services.pool.put_back(std::move(*lease_), Clock::now());
  lease_.reset();
}

void BodySource::close() {
  if (lease_) note_path(x_, lease_->connection());
  lease_.reset();
}

Failure BodySource::broken(Failure failure) {
  note_path(x_, lease_->connection(), failure.system);
  failure.retry = Retry::safe;
  if (failure.cause == Cause::upstream_closed)
    failure.detail += " after " + std::to_string(x_.record.bytes_in) + " bytes, before the body was complete";
  else
    failure.detail += " after " + std::to_string(x_.record.bytes_in) + " bytes of the body";
  return failure;
}

Failure no_room_for_answer(const Exchange& x) {
  return {Phase::relay_body, Party::siltgate, Cause::queue_full, Retry::never, {},
          "the answers held whole take " + format_bytes(Bytes{x.services.answer_bytes}) + " already (limits.response_bodies is " +
              format_bytes(x.config->http.response_bodies) + ")"};
}

namespace {

/// A body in one piece, as long as there is room for it.
class Gathered final : public BodySource::Sink {
 public:
  Gathered(Exchange& x, Bytes bound) : x_(x), bound_(bound) {}

  bool take(BodySource::Piece piece) override {
    x_.hashes.add_in(piece.bytes);
    if (body.size() + piece.bytes.size() > bound_.count) {
      failure = Failure{Phase::relay_body, Party::provider, Cause::response_too_large, Retry::never, {}, ""};
      failure->detail = "the response body is over " + format_bytes(bound_);
    } else if (!x_.held_answer.grow(piece.bytes.size(), x_.config->http.response_bodies)) {
      failure = no_room_for_answer(x_);
    }
    if (failure) return false;
    body += piece.bytes;
    return true;
  }

  std::string body;
  std::optional<Failure> failure;

 private:
  Exchange& x_;
  Bytes bound_;
};

}  // namespace

Task<Result<std::string>> BodySource::all(Bytes bound) {
  Gathered gathered(x_, bound);
  auto read = co_await each(gathered);
  if (!read) co_return read.error();
  if (gathered.failure) {
    close();
    co_return *gathered.failure;
  }
  if (auto failure = cut_short()) {
    note_findings(x_, {packing_finding(*failure, Check::finish)});
    co_return *failure;
  }
  co_return std::move(gathered.body);
}

}  // namespace siltgate::flow
