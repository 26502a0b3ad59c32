// SPDX-License-Identifier: Apache-2.0
// Takes a content-coding (gzip, deflate) off a body as it arrives (RFC 9110, section 8.4.1): every byte that can be
// decoded comes out at once, an event never waits for the next. Knows no sockets and nothing of what the bytes mean.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/fields.hpp"

namespace siltgate::http {

/// `foreign`: one that siltgate does not decode (br, zstd, several at once).
enum class ContentCoding { identity, gzip, deflate, foreign };

/// What Content-Encoding says, with "x-gzip" for gzip.
ContentCoding content_coding(const Fields& fields);

/// Of a response whose content-coding has been taken off: its fields no longer speak of it.
void forget_content_coding(Fields& fields);

/// `deflate` is read with and without the zlib wrapper, gzip may have several members (RFC 1952, 2.2).
class ContentDecoder {
 public:
  /// Decoded bytes may be this many times the received ones, once they are more than `free_size` (docs/decisions/0040).
  static constexpr std::uint64_t most_ratio = 512;
  static constexpr std::uint64_t free_size = 1024 * 1024;

  explicit ContentDecoder(ContentCoding coding);  // gzip or deflate
  ~ContentDecoder();
  ContentDecoder(const ContentDecoder&) = delete;
  ContentDecoder& operator=(const ContentDecoder&) = delete;

  /// Received bytes; they wait here until take() has read them. Give only when take() returned less than it could.
  void give(std::string_view bytes);
  /// Writes the next decoded bytes into `into`; how many. 0 = more must be given. Failure: not the announced coding, or over
  /// the ratio bound (party provider, cause damaged); what stood before the fault has come out before.
  Result<std::size_t> take(std::span<char> into);
  /// take() may have more without a further give().
  bool holds_more() const;
  /// The coding's own end has come, and nothing behind it.
  bool ended() const;
  /// "gzip" or "deflate".
  std::string_view name() const;
  std::uint64_t received() const { return in_; }

 private:
  struct Inflater;
  bool begin();
  Failure fault(const std::string& what) const;

  ContentCoding coding_;
  std::unique_ptr<Inflater> inflater_;
  std::string waiting_;         // received, not decoded
  std::size_t at_ = 0;          // in waiting_
  std::uint64_t in_ = 0, out_ = 0;
  bool begun_ = false;
  bool output_full_ = false;    // the last take() filled all it was given
  bool member_ended_ = false;
  std::string wrong_;           // a fault that has not been told yet
};

}  // namespace siltgate::http
