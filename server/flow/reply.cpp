// SPDX-License-Identifier: Apache-2.0
#include "flow/reply.hpp"

#include <array>

#include "http/forward.hpp"

namespace siltgate::flow {
namespace {

using Framing = http::BodyFraming::Kind;

constexpr std::string_view chunk_end_and_last = "\r\n0\r\n\r\n";
static_assert(chunk_end_and_last.starts_with(http::chunk_end) && chunk_end_and_last.ends_with(http::last_chunk) &&
              chunk_end_and_last.size() == http::chunk_end.size() + http::last_chunk.size());

/// Hands the buffers to the socket as far as it takes them; keeps the rest in `rest`. False when the socket is broken.
bool write_now(net::Connection& connection, std::span<asio::const_buffer> buffers, std::string& rest) {
  std::size_t at = 0;
  while (at < buffers.size()) {
    net::Io io = connection.try_write(buffers.subspan(at));
    if (io.status == net::Io::Status::wants_write) break;
    if (io.status != net::Io::Status::ok) return false;
    while (at < buffers.size() && io.bytes >= buffers[at].size()) io.bytes -= buffers[at++].size();
    if (at < buffers.size()) buffers[at] += io.bytes;
  }
  std::size_t left = 0;
  for (std::size_t i = at; i < buffers.size(); ++i) left += buffers[i].size();
  rest.reserve(left);
  for (; at < buffers.size(); ++at) rest.append(static_cast<const char*>(buffers[at].data()), buffers[at].size());
  return true;
}

}  // namespace

void Reply::begin(std::string head, http::BodyFraming framing) {
  if (head_sent_) return;
  head_sent_ = true;
  framing_ = framing;
  capture_.reply(head, Clock::now());
  unsent_ += head;
}

Result<void> Reply::put(std::string_view first, std::string_view second, bool last) {
  std::size_t size = first.size() + second.size();
  if (size == 0 && !last) return {};
  body_bytes_ += size;
  if (capture_.on()) capture_.delivered(first, second, Clock::now());
  char header[20];
  std::string_view chunk, end;
  if (framing_.kind == Framing::chunked) {
    if (size > 0) chunk = std::string_view(header, http::chunk_header(size, header));
    end = size == 0 ? http::last_chunk : last ? chunk_end_and_last : http::chunk_end;
  }
  auto sent = write(chunk, first, second, end);
  ending_ = ending_ || (last && sent.has_value());
  return sent;
}

Task<Result<void>> Reply::flush() {
  if (!stalled_ || unsent_.empty()) co_return Result<void>{};  // nothing waits, or the socket is broken
  std::string rest = std::move(unsent_);
  unsent_.clear();
  std::array<asio::const_buffer, 1> left{asio::buffer(rest)};
  auto sent = co_await client_.connection().write_all(left, client_.watch(), Phase::relay_body, stall_);
  stalled_ = !sent.has_value();
  co_return sent;
}

Task<Result<void>> Reply::send(std::string_view first, std::string_view second, bool last) {
  auto sent = put(first, second, last);
  if (!sent) co_return sent;
  sent = co_await flush();
  co_return sent;
}

Task<Result<void>> Reply::end() {
  if (ended()) co_return Result<void>{};
  auto sent = co_await send({}, {}, true);
  co_return sent;
}

Task<Result<void>> Reply::whole(std::string head, std::string_view body) {
  begin(std::move(head), {Framing::length, body.size()});
  body_bytes_ += body.size();
  if (capture_.on()) capture_.delivered(body, {}, Clock::now());
  auto sent = write(body, {}, {}, {});
  if (!sent) co_return sent;
  ending_ = true;
  sent = co_await flush();
  co_return sent;
}

void Reply::send_heartbeat(std::string_view head, std::string_view bytes, http::BodyFraming framing) {
  begin(std::string(head), framing);
  body_bytes_ += bytes.size();
  capture_.own(bytes, Clock::now());
  char header[20];
  if (framing_.kind == Framing::chunked) unsent_.append(header, http::chunk_header(bytes.size(), header));
  unsent_ += bytes;
  if (framing_.kind == Framing::chunked) unsent_ += http::chunk_end;
  std::string all = std::move(unsent_);
  unsent_.clear();
  std::array<asio::const_buffer, 1> one{asio::const_buffer(all.data(), all.size())};
  write_now(client_.connection(), one, unsent_);  // a broken socket is seen by the guard of the link
}

void Reply::piece_waits() {
  if (began_ == TimePoint{}) return;
  own_ += Clock::now() - std::exchange(began_, TimePoint{});
}

Result<void> Reply::write(std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
  if (stalled_)  // a flush was given up: what follows would stand in the middle of what is missing
    return Failure{Phase::relay_body, Party::client, Cause::client_silent, Retry::never, {}, "the client has not taken what came before"};
  std::string before = std::move(unsent_);
  unsent_.clear();
  std::array<asio::const_buffer, 5> buffers{asio::buffer(before), asio::buffer(a), asio::buffer(b), asio::buffer(c),
                                            asio::buffer(d)};
  const bool taken = write_now(client_.connection(), buffers, unsent_);
  piece_waits();
  stalled_ = !taken || !unsent_.empty();
  if (taken) return {};
  return client_.connection().failure_of({net::Io::Status::broken, 0, asio::error::broken_pipe}, Phase::relay_body);
}

}  // namespace siltgate::flow
