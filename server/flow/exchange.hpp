// SPDX-License-Identifier: Apache-2.0
// The state of one exchange while it walks through the phases, and the phases' declarations. Owned by the session's
// coroutine; phases borrow it while their caller awaits them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "flow/client_link.hpp"
#include "flow/heartbeat.hpp"
#include "flow/received_body.hpp"
#include "flow/reply.hpp"
#include "flow/services.hpp"
#include "http/head.hpp"
#include "observe/record.hpp"
#include "observe/sha256.hpp"
#include "route/body_hints.hpp"
#include "route/route_table.hpp"
#include "schedule/marks.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::flow {

/// A provider's error response, held back while a retry is possible.
struct HeldResponse {
  http::ResponseHead head;
  std::string body;
};

/// The bytes of a body while they are held, counted in Services::body_bytes or answer_bytes.
class HeldBody {
 public:
  explicit HeldBody(std::uint64_t& all) : all_(all) {}
  ~HeldBody() { release(); }
  HeldBody(const HeldBody&) = delete;
  HeldBody& operator=(const HeldBody&) = delete;

  /// False when all bodies together would be over `bound`.
  bool grow(std::uint64_t bytes, Bytes bound) {
    if (all_ + bytes > bound.count) return false;
    all_ += bytes;
    mine_ += bytes;
    return true;
  }
  void release() { all_ -= std::exchange(mine_, 0); }

 private:
  std::uint64_t& all_;
  std::uint64_t mine_ = 0;
};

struct Exchange {
  Exchange(Services& services, ClientLink& client, const Entrance& entrance);
  ~Exchange();
  Exchange(const Exchange&) = delete;

  // What every read of a stream touches comes first and close together: among hundreds of streams it is far from the processor.
  Services& services;
  ClientLink& client;
  const Provider* provider = nullptr;    // in *config
  bool at_boundary = true;               // what leaves next could be an event: the client stands between two of a stream
  observe::Recording capture;            // off where captures are
  Reply reply;                           // tells `capture` what leaves
  observe::HashPair hashes;
  observe::ExchangeRecord record;

  std::shared_ptr<const Config> config;  // as it was when the exchange began
  std::shared_ptr<const route::RouteTable> routes;
  const Entrance& entrance;

  http::RequestHead request;
  ReceivedBody body{services.spare};
  observe::Sha256 body_hash;             // of `body`, as it came
  HeldBody held_body;
  HeldBody held_answer;                  // what is kept of the answer until it is complete
  route::BodyHints hints;
  route::Route route;
  std::optional<Key> replacement_key;    // auth: replace

  Phase phase = Phase::read_request;     // where it is, for status and verdict
  Heartbeat heartbeat;
  Permit permit;
  schedule::Refusal refusal;             // of the last attempt
  schedule::QuotaPass quota_pass;        // of the last attempt
  std::unique_ptr<HeldResponse> held;    // of the last attempt
  std::weak_ptr<net::Connection> upstream;  // while it is in use, for path_now()
  stream::Config validate;               // the checks, with the profile's finish reasons
  schedule::Class klass = schedule::Class::interactive;
  Delivery delivery = Delivery::stream;
  std::string under_way;                 // its entry in services.under_way, "" = none
  std::string early_body;                // upstream bytes read before the response head was looked for, or together with it
  TimePoint request_read{};              // the whole of it
  Duration waited{0};                    // between attempts, in all
  bool complete_for_client = false;      // the dialect's proper end was delivered, whatever the transport did after
  bool delivered = false;                // bytes of an upstream body left for the client: no retry from here on
  bool cut_off = false;                  // close with a reset: the client would take a FIN for the end
  bool told = false;                     // an error event was the last word of the stream
  bool following = false;                // serves lines until told to stop
  bool must_close = false;               // the session can't go on after this exchange
  bool answered = false;                 // no upstream needed: own page, HEAD /, refusal

  std::unique_ptr<observe::Sha256> packed;  // of a compressed answer as it came; `hashes` are then of the decoded one

  observe::Attempt& attempt() { return record.attempts.back(); }
  /// The last attempt had a connection.
  bool attempt_began() const { return !record.attempts.empty() && record.attempts.back().connected != TimePoint{}; }
};

Task<Result<void>> read_request(Exchange& x);
Result<void> choose_route(Exchange& x);
Task<Result<void>> admit(Exchange& x);
Task<Result<upstream::Lease>> connect(Exchange& x, bool fresh_only);
Task<Result<void>> send_request(Exchange& x, upstream::Lease& lease);
Task<Result<http::ResponseHead>> read_head(Exchange& x, upstream::Lease& lease);
Task<Result<void>> relay_body(Exchange& x, upstream::Lease&& lease, http::ResponseHead&& head);

/// Walks through all phases and answers the client whatever happens.
Task<void> handle_exchange(Exchange& x);

/// A failure as the client sees it: an HTTP error, the provider's own error, an error event, or nothing but a cut.
Task<void> answer_failure(Exchange& x, Failure failure);
/// Begins the recording, where captures are on; from here on it goes along.
void begin_capture(Exchange& x);
/// Into the record, so that it can be judged: before answer_failure().
void note_failure(Exchange& x, const Failure& failure);
/// Of a request that is refused before it was routed: in mode `all` that is an exchange, too.
void begin_late_capture(Exchange& x);
/// Closes the books: permit, record, verdict, log. Once.
void settle(Exchange& x);

}  // namespace siltgate::flow
