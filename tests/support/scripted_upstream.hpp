// SPDX-License-Identifier: Apache-2.0
// A provider for flow tests: real loopback sockets, one thread per connection, answers written by the test. Counts what a
// provider would count. Knows nothing of siltgate but its parser of request heads.
//
//   ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
//     exchange.start_stream();
//     exchange.chunk(chat_event("Hello"));
//     exchange.wait(gate);
//     exchange.reset();
//   });
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "http/head.hpp"
#include "support/certificates.hpp"
#include "support/gate.hpp"
#include "support/wire.hpp"

namespace siltgate::test {

struct UpstreamRequest {
  std::string raw_head;       // as it came, with its empty line
  http::RequestHead head;
  std::string body;           // transfer-decoded
  int number = 0;             // among all requests, from 1
  int connection = 0;         // which connection, from 1
  int on_connection = 0;      // which request on it, from 1
};

class ScriptedUpstream;

/// One request and the answer to it, in the hands of a script. Sending to a peer that left does nothing; `peer_left` says so.
/// The exchange counts as in flight until its body ended (end_stream, answer, send_last), until close or reset, or until the
/// script returns, whichever comes first; the count falls before the last byte leaves.
class UpstreamExchange {
 public:
  UpstreamExchange(ScriptedUpstream& upstream, Wire& wire, UpstreamRequest request);
  ~UpstreamExchange();
  UpstreamExchange(const UpstreamExchange&) = delete;
  UpstreamExchange& operator=(const UpstreamExchange&) = delete;

  const UpstreamRequest& request() const { return request_; }

  void send(std::string_view bytes);        // raw, one write
  void send_last(std::string_view bytes);   // raw, and the answer is complete with it
  /// A whole answer with Content-Length. `fields` are further lines, each with CR LF.
  void answer(int status, std::string_view body, std::string_view content_type = "application/json",
              std::string_view fields = {});
  /// 200 text/event-stream, chunked; then chunk() as often as wanted, then end_stream() or an uglier end.
  void start_stream(std::string_view fields = {});
  void chunk(std::string_view data);
  void end_stream();
  /// A whole streamed chat, one chunk per event.
  void chat(const std::vector<std::string>& pieces);

  /// False when the peer left, the test ended, or nobody opened the gate in time.
  bool wait(Gate& gate);
  /// Says nothing until the peer leaves; false when it did not within the deadline.
  bool stall(Deadline deadline = soon());

  void renegotiate() { wire_.renegotiate(); }
  void close();  // FIN, wherever the answer stands
  void reset();  // RST
  bool peer_left() const { return peer_left_; }

 private:
  friend class ScriptedUpstream;
  void finish();

  ScriptedUpstream& upstream_;
  Wire& wire_;
  UpstreamRequest request_;
  bool finished_ = false;
  bool peer_left_ = false;
};

using Script = std::function<void(UpstreamExchange&)>;

/// A stream that stands after its first event until the gate opens; the gate outlives it.
Script held_by(Gate& gate);

struct UpstreamOptions {
  OpenSsl<SSL_CTX> tls;  // from Authority::server(); empty = plain
  int cap = 0;           // more in flight than this: 429 with Z.AI's 1302 body, without the script; 0 = no cap
  std::string address = "127.0.0.1";
};

class ScriptedUpstream {
 public:
  /// Every request gets this script.
  explicit ScriptedUpstream(Script script, UpstreamOptions options = {});
  /// The first request gets the first script, and so on; the last one repeats.
  explicit ScriptedUpstream(std::vector<Script> scripts, UpstreamOptions options = {});
  /// Cuts every connection and joins every thread.
  ~ScriptedUpstream();

  std::uint16_t port() const { return listener_.port(); }
  /// "http://127.0.0.1:PORT" or https, with this path.
  std::string url(std::string_view path = "/v1") const;

  int connections() const;
  int requests() const;          // complete requests, refused ones included
  int refused() const;           // answered 429 by the cap
  int in_flight() const;
  int max_in_flight() const;     // refused ones not counted
  int failed_handshakes() const;
  std::vector<UpstreamRequest> seen() const;

  /// Waits until a count has been reached; false when the deadline passed first.
  bool wait_for_requests(int count, Deadline deadline = soon());
  bool wait_for_connections(int count, Deadline deadline = soon());
  /// Waits until nothing is in flight.
  bool wait_until_idle(Deadline deadline = soon());

 private:
  friend class UpstreamExchange;
  void accept_all();
  void serve(int fd, int connection);
  bool serve_one(Wire& wire, std::string& buffer, int connection, int on_connection);
  void run_script(Wire& wire, UpstreamRequest request);
  std::ptrdiff_t present() const;  // exchanges whose client is still there
  bool enter(Wire& wire);        // false: over the cap
  void leave(Wire& wire);
  bool wait_until(const std::function<bool()>& reached, Deadline deadline);

  std::vector<Script> scripts_;
  UpstreamOptions options_;
  StopSignal stop_;
  Listener listener_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Wire*> active_;       // exchanges in flight
  std::vector<UpstreamRequest> seen_;
  int connections_ = 0, refused_ = 0, max_in_flight_ = 0, failed_handshakes_ = 0;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace siltgate::test
