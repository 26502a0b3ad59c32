// SPDX-License-Identifier: Apache-2.0
#include "flow/body_source.hpp"

#include "flow/note_path.hpp"
#include "flow/relay.hpp"

namespace siltgate::flow {

using Status = net::Io::Status;

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
      lease_(std::move(lease)),
      decoder_(head.framing),
      early_(std::move(x.early_body)),
      reusable_(!head.wants_close && head.framing.kind != http::BodyFraming::Kind::until_close) {
  x.early_body.clear();
  if (!early_.empty()) x.record.last_byte_in = x.record.first_byte;
  const http::ContentCoding coding = http::content_coding(head.fields);
  if (!unpacks(coding, head)) return;
  packed_ = std::make_unique<http::ContentDecoder>(coding);
  x.packed = std::make_unique<observe::Sha256>();
}

Task<Result<BodySource::Piece>> BodySource::next() {
  if (packed_ && packed_->holds_more()) co_return unpack({});
  x_.client.watch().set_deadline_in(x_.provider->timeouts.idle);
  while (early_.empty() && !decoder_.done()) {
    net::Connection& upstream = lease_->connection();
    net::Io io{Status::wants_read};
    if (!wait_first_) io = upstream.try_read(x_.services.scratch);
    if (io.status == Status::ok) {
      wait_first_ = io.bytes < x_.services.scratch.size() && !upstream.tls();
      note_read(Clock::now());
      auto piece = decode(x_.services.scratch.first(io.bytes));
      if (!piece || !piece->bytes.empty() || piece->last) co_return piece;
      continue;
    }
    if (io.status == Status::closed && decoder_.complete_at_close()) {
      finish(true);
      co_return Piece{{}, true};  // nothing is left packed: next() begins with that
    }
    if (io.status == Status::closed || io.status == Status::broken) co_return broken(upstream.failure_of(io, Phase::relay_body));
    x_.reply.piece_waits();
    auto ready = co_await upstream.wait(io.status, x_.client.watch(), Phase::relay_body);
    if (!ready) note_path(x_, upstream, ready.error().system);
    if (!ready) co_return ready.error();
    wait_first_ = false;
  }
  // What came with the head moves into the shared buffer, so that every piece lies there.
  std::size_t size = std::min(early_.size(), x_.services.scratch.size());
  std::copy_n(early_.data(), size, x_.services.scratch.data());
  early_.erase(0, size);
  if (early_.empty()) std::string().swap(early_);  // a stream may rest for long from here on
  auto piece = decode(x_.services.scratch.first(size));
  co_return piece;
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
  x_.capture.read(decoded->payload, decoder_.chunk_ends(), Clock::now());
  x_.hashes.add_in(decoded->payload);
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
  x_.hashes.add_in(bytes);
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

Task<Result<std::string>> BodySource::all(Bytes bound) {
  std::string body;
  for (;;) {
    auto piece = co_await next();
    if (!piece) co_return piece.error();
    if (body.size() + piece->bytes.size() > bound.count) {
      close();
      Failure failure{Phase::relay_body, Party::provider, Cause::response_too_large, Retry::never, {}, ""};
      failure.detail = "the response body is over " + format_bytes(bound);
      co_return failure;
    }
    if (!x_.held_answer.grow(piece->bytes.size(), x_.config->http.response_bodies)) {
      close();
      co_return no_room_for_answer(x_);
    }
    body += piece->bytes;
    if (!piece->last) continue;
    if (auto failure = cut_short()) {
      note_findings(x_, {packing_finding(*failure, Check::finish)});
      co_return *failure;
    }
    co_return body;
  }
}

}  // namespace siltgate::flow
