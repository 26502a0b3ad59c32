// SPDX-License-Identifier: Apache-2.0
// A client connection without a socket: the bytes of one peer, read as requests the way a session reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_decoder.hpp"
#include "http/head.hpp"

namespace siltgate::test {

struct ReadRequest {
  http::RequestHead head;
  std::string body;
};

/// Feed any pieces; complete requests gather in `requests`, the first refusal ends it.
class ConnectionReading {
 public:
  explicit ConnectionReading(http::Limits limits = {}) : limits_(limits) {}

  void feed(std::string_view piece) {
    buffer_ += piece;
    while (!over() && advance()) {
    }
  }
  bool over() const { return failure.has_value() || closed; }
  /// The peer closes now: did it stop in the middle of a request?
  bool incomplete() const { return !over() && (in_body_ || !buffer_.empty()); }

  std::vector<ReadRequest> requests;
  std::optional<Failure> failure;
  bool closed = false;  // after Connection: close, HTTP/1.0 or CONNECT nothing more is read

 private:
  bool advance() { return in_body_ ? read_body() : read_head(); }

  bool read_head() {
    if (!skipped_) {
      auto empty = http::leading_empty_line(buffer_);
      if (empty > 0) {
        skipped_ = true;
        buffer_.erase(0, empty);
      }
    }
    auto size = scanner_.scan(buffer_, limits_);
    if (!size) return refuse(size.error());
    if (*size == 0) return false;
    auto head = http::parse_request_head(std::string_view(buffer_).substr(0, *size), limits_);
    if (!head) return refuse(head.error());
    buffer_.erase(0, *size);
    scanner_.reset();
    decoder_ = http::BodyDecoder(head->framing);
    current_ = ReadRequest{std::move(*head), {}};
    in_body_ = true;
    return read_body();
  }

  bool read_body() {
    auto decoded = decoder_.decode(std::span<char>(buffer_.data(), buffer_.size()));
    if (!decoded) return refuse(decoded.error());
    current_.body += decoded->payload;
    buffer_.erase(0, decoded->used);
    if (!decoder_.done()) return false;
    in_body_ = skipped_ = false;
    closed = current_.head.wants_close || current_.head.method == "CONNECT";
    requests.push_back(std::move(current_));
    return true;
  }

  bool refuse(Failure why) {
    failure = std::move(why);
    return false;
  }

  http::Limits limits_;
  std::string buffer_;
  http::HeadScanner scanner_;
  http::BodyDecoder decoder_;
  ReadRequest current_;
  bool in_body_ = false;
  bool skipped_ = false;
};

}  // namespace siltgate::test
