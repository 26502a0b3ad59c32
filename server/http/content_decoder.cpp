// SPDX-License-Identifier: Apache-2.0
#include "http/content_decoder.hpp"

#include <zlib.h>

#include <algorithm>

#include "http/grammar.hpp"

namespace siltgate::http {
namespace {

constexpr int window_bits = 15;
constexpr int as_gzip = 16;  // added to the window: gzip wrapper

/// RFC 1950, 2.2: method deflate, and the header's two bytes are a multiple of 31.
bool zlib_header(unsigned char first, unsigned char second) { return (first & 0x0f) == 8 && (first * 256 + second) % 31 == 0; }

}  // namespace

struct ContentDecoder::Inflater {
  z_stream stream{};
  ~Inflater() { inflateEnd(&stream); }
};

ContentCoding content_coding(const Fields& fields) {
  const int count = fields.count("Content-Encoding");
  if (count == 0) return ContentCoding::identity;
  const std::string_view value = trim(*fields.find("Content-Encoding"));
  if (count > 1) return ContentCoding::foreign;
  for (std::string_view none : {"", "identity", "none", "utf-8", "utf8"})   // the last three are no codings, but servers write them
    if (same_name(value, none)) return ContentCoding::identity;
  if (same_name(value, "gzip") || same_name(value, "x-gzip")) return ContentCoding::gzip;
  if (same_name(value, "deflate")) return ContentCoding::deflate;
  return ContentCoding::foreign;
}

void forget_content_coding(Fields& fields) {
  for (std::string_view name : {"Content-Encoding", "Content-Length", "Content-MD5", "Content-Digest"}) fields.erase(name);
}

ContentDecoder::ContentDecoder(ContentCoding coding) : coding_(coding), inflater_(std::make_unique<Inflater>()) {}

ContentDecoder::~ContentDecoder() = default;

void ContentDecoder::give(std::string_view bytes) {
  waiting_.erase(0, at_);
  at_ = 0;
  waiting_ += bytes;
  in_ += bytes.size();
}

bool ContentDecoder::holds_more() const {
  return output_full_ || !wrong_.empty() || (at_ < waiting_.size() && (begun_ || waiting_.size() >= 2));
}

bool ContentDecoder::ended() const { return member_ended_ && at_ == waiting_.size(); }

std::string_view ContentDecoder::name() const { return coding_ == ContentCoding::gzip ? "gzip" : "deflate"; }

Failure ContentDecoder::fault(const std::string& what) const {
  Failure failure{Phase::relay_body, Party::provider, Cause::damaged, Retry::safe, {}, ""};
  failure.detail = "the body is announced as " + std::string(name()) + ", but " + what + " within the first " + std::to_string(in_) +
                   " compressed bytes";
  return failure;
}

/// Which wrapper it is shows in the first two bytes. False: they are not there yet.
bool ContentDecoder::begin() {
  if (waiting_.size() < 2) return false;
  int bits = window_bits;
  if (coding_ == ContentCoding::gzip) bits += as_gzip;
  else if (!zlib_header(static_cast<unsigned char>(waiting_[0]), static_cast<unsigned char>(waiting_[1]))) bits = -bits;
  begun_ = inflateInit2(&inflater_->stream, bits) == Z_OK;
  return begun_;
}

/// 1. A further gzip member may follow the end of one. 2. What stands before a fault comes out before it is told. 3. The
/// bound is looked at per piece, so a piece is all it can be exceeded by.
Result<std::size_t> ContentDecoder::take(std::span<char> into) {
  if (!wrong_.empty()) return fault(wrong_);
  if (!begun_ && !begin()) return std::size_t{0};
  z_stream& stream = inflater_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(into.size());
  while (stream.avail_out > 0 && wrong_.empty() && (at_ < waiting_.size() || (output_full_ && !member_ended_))) {
    output_full_ = false;
    if (member_ended_ && (coding_ != ContentCoding::gzip || inflateReset(&stream) != Z_OK)) {  // 1
      wrong_ = "bytes follow its end";
      break;
    }
    member_ended_ = false;
    stream.next_in = reinterpret_cast<Bytef*>(waiting_.data() + at_);
    stream.avail_in = static_cast<uInt>(waiting_.size() - at_);
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    at_ = waiting_.size() - stream.avail_in;
    member_ended_ = result == Z_STREAM_END;
    if (result == Z_BUF_ERROR) break;
    if (result != Z_OK && !member_ended_)
      wrong_ = stream.msg ? std::string("zlib finds \"") + stream.msg + "\"" : "it cannot be decoded";
  }
  output_full_ = stream.avail_out == 0;
  const std::size_t size = into.size() - stream.avail_out;
  if (size == 0 && !wrong_.empty()) return fault(wrong_);  // 2
  out_ += size;
  if (out_ > free_size && out_ / most_ratio > in_)  // 3
    return fault("it grows to more than " + std::to_string(most_ratio) + " times its size");
  return size;
}

}  // namespace siltgate::http
