// SPDX-License-Identifier: Apache-2.0
// A client for flow tests: sends what it is told, byte for byte, and reads responses with their chunk borders and the way
// they ended. Every call has a deadline and throws TooLate when it passes. For the thread of the test; one at a time.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/fields.hpp"
#include "support/chat_bytes.hpp"
#include "support/wire.hpp"

namespace siltgate::test {

struct Reply {
  int status = 0;                    // 0: no head came
  std::string head;                  // raw, with its empty line
  http::Fields fields;
  std::string body;                  // transfer-decoded
  std::vector<std::string> chunks;   // of a chunked body, as sent
  bool complete = false;             // last chunk, Content-Length reached, or no body due
  End end = End::open;               // what the connection did when the reading stopped

  /// Ended as HTTP says it must. A body framed by close counts as complete at a FIN.
  bool clean() const { return complete; }
  /// "" when absent.
  std::string field(std::string_view name) const { return std::string(fields.find(name).value_or("")); }
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port);
  /// Over TLS, with this name checked; throws when the handshake fails.
  TestClient(std::uint16_t port, SSL_CTX* context, const std::string& name);

  void send(std::string_view bytes);
  /// A POST with Host, Content-Type, Content-Length and these further field lines, each with CR LF.
  void post(std::string_view path, std::string_view body, std::string_view fields = {});
  void post_chat(std::string_view body = chat_request(), std::string_view fields = {});
  void get(std::string_view path, std::string_view fields = {});

  /// The rest of the response, interim 1xx heads skipped. Stops at its end, or when the connection ends.
  Reply read_reply(Deadline deadline = soon());
  /// Reads exactly one interim "100 Continue"; throws when something else comes.
  void expect_continue(Deadline deadline = soon());
  /// Only the head; read_reply() or read_until() go on behind it.
  Reply read_head(Deadline deadline = soon());
  /// Reads until the decoded body holds `text`; what has come so far. Returns early when the response ends.
  Reply read_until(std::string_view text, Deadline deadline = soon());

  /// One POST and its whole reply on a fresh connection.
  static Reply ask(std::uint16_t port, std::string_view body = chat_request(), std::string_view fields = {},
                   std::string_view path = "/v1/chat/completions");

  /// Waits for the other side to close an idle connection: fin or reset.
  End read_end(Deadline deadline = soon());
  void shrink_receive_buffer() { wire_.shrink_receive_buffer(); }
  void leave() { wire_.close(); }   // FIN, wherever the response stands
  void abort() { wire_.reset(); }   // RST

 private:
  enum class Framing { none, length, chunked, until_close };
  bool take_head();
  void take_body();
  bool take_chunk();
  bool read_more(Deadline deadline);
  Reply handed_over();

  Wire wire_;
  std::string buffer_;        // received, not taken yet
  Reply reply_;               // being read
  bool in_body_ = false;
  bool to_head_ = false;      // the last request was HEAD
  Framing framing_ = Framing::none;
  std::size_t length_ = 0;
};

}  // namespace siltgate::test
