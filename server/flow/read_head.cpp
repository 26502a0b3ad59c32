// SPDX-License-Identifier: Apache-2.0
// Phase 6: the response head, strict; interim responses (1xx) are skipped.
#include <utility>

#include "flow/exchange.hpp"
#include "flow/note_path.hpp"

namespace siltgate::flow {
namespace {

constexpr int most_interim_heads = 100;   // a provider may say "still at work" every few seconds for minutes

/// What http/ says of a malformed head, told of a response: the provider's fault, worth another try.
Failure malformed(Failure failure) {
  failure.phase = Phase::read_head;
  failure.party = Party::provider;
  failure.cause = Cause::upstream_malformed;
  failure.retry = Retry::safe;
  failure.detail = "response head: " + failure.detail;
  return failure;
}

Task<Result<std::size_t>> read_head_bytes(Exchange& x, net::Connection& upstream, std::string& buffered) {
  http::HeadScanner scanner;
  bool wait_first = upstream.drained();   // the request has only just left
  for (;;) {
    auto size = scanner.scan(buffered, x.config->http);
    if (!size) co_return malformed(size.error());
    if (*size > 0) co_return *size;
    auto got = co_await upstream.read_some(x.services.scratch, x.client.watch(), Phase::read_head, wait_first);
    wait_first = false;
    if (!got) {
      Failure failure = got.error();
      note_path(x, upstream, failure.system);
      if (!buffered.empty() && failure.retry == Retry::if_reused) failure.retry = Retry::safe;
      co_return failure;
    }
    const bool first = x.attempt().first_byte == TimePoint{};
    if (first) x.attempt().first_byte = Clock::now();
    x.reply.piece_read(first ? x.attempt().first_byte : TimePoint{});  // a head in several pieces is not worth a clock each
    buffered.append(x.services.scratch.data(), *got);
  }
}

}  // namespace

Task<Result<http::ResponseHead>> read_head(Exchange& x, upstream::Lease& lease) {
  x.client.watch().set_deadline_in(x.provider->timeouts.first_byte);
  std::string buffered = std::exchange(x.early_body, {});   // an answer that came before the request had left
  if (!buffered.empty()) x.attempt().first_byte = Clock::now();
  for (int interim = 0; interim <= most_interim_heads; ++interim) {
    auto size = co_await read_head_bytes(x, lease.connection(), buffered);
    if (!size) co_return size.error();
    auto head = http::parse_response_head(std::string_view(buffered).substr(0, *size), x.request.method == "HEAD", x.config->http);
    if (!head) co_return malformed(head.error());
    x.capture.response(std::string_view(buffered).substr(0, *size), Clock::now());
    buffered.erase(0, *size);
    if (head->status == 101) {
      Failure switched{Phase::read_head, Party::provider, Cause::upstream_malformed, Retry::never, {}, ""};
      switched.detail = "101 Switching Protocols without being asked";
      co_return switched;
    }
    if (head->status < 200) continue;
    x.early_body = std::move(buffered);
    x.attempt().status = head->status;
    x.record.first_byte = x.attempt().first_byte;
    co_return std::move(*head);
  }
  Failure endless{Phase::read_head, Party::provider, Cause::upstream_malformed, Retry::never, {}, ""};
  endless.detail = "more than " + std::to_string(most_interim_heads) + " interim (1xx) heads and no answer";
  co_return endless;
}

}  // namespace siltgate::flow
