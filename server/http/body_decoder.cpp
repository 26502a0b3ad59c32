// SPDX-License-Identifier: Apache-2.0
#include "http/body_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/ascii.hpp"
#include "http/grammar.hpp"
#include "http/head_lines.hpp"

namespace siltgate::http {
namespace {

constexpr std::uint32_t overhead_bound = 16 << 10;
constexpr std::uint32_t free_per_chunk = 16;  // a size line of usual length costs nothing

}  // namespace

BodyDecoder::BodyDecoder(BodyFraming framing) : kind_(framing.kind), left_(framing.length) {
  switch (kind_) {
    case BodyFraming::Kind::none: state_ = State::done; break;
    case BodyFraming::Kind::length: state_ = left_ == 0 ? State::done : State::data; break;
    case BodyFraming::Kind::chunked: state_ = State::size; left_ = 0; break;
    case BodyFraming::Kind::until_close: state_ = State::data; left_ = ~std::uint64_t{0}; break;
  }
}

bool BodyDecoder::done() const { return state_ == State::done; }

bool BodyDecoder::complete_at_close() const { return done() || kind_ == BodyFraming::Kind::until_close; }

Result<BodyDecoder::Decoded> BodyDecoder::decode(std::span<char> bytes) {
  Decoded out;
  chunk_ends_.clear();
  char* const base = bytes.data();
  std::size_t begin = 0, end = 0, i = 0;  // payload lies in [begin, end)
  while (i < bytes.size() && state_ != State::done) {
    if (state_ != State::data) {
      if (const std::size_t usual = take_usual({base + i, bytes.size() - i}); usual > 0) {
        i += usual;
        at_ += usual;
        continue;
      }
      auto taken = step(base[i]);
      if (!taken) return taken.error();
      ++i;
      ++at_;
      continue;
    }
    auto run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - i));
    if (begin == end) begin = end = i;
    if (end != i) std::memmove(base + end, base + i, run);
    end += run;
    i += run;
    at_ += run;
    if (kind_ == BodyFraming::Kind::until_close) continue;
    left_ -= run;
    if (left_ > 0) continue;
    state_ = kind_ == BodyFraming::Kind::length ? State::done : State::data_cr;
    if (state_ == State::data_cr) chunk_ends_.push_back(static_cast<std::uint32_t>(end - begin));
  }
  out.payload = std::string_view(base + begin, end - begin);
  out.used = i;
  return out;
}

/// What stands between the data of two chunks, as nearly everybody writes it: CR LF, up to six digits, CR LF. Bytes taken; for
/// the rest step() looks at each.
std::size_t BodyDecoder::take_usual(std::string_view text) {
  std::size_t at = 0;
  if (overhead_ + 10 > overhead_bound) return 0;
  if (state_ == State::data_cr && text.starts_with("\r\n")) {
    at = 2;
    overhead_ += 2;
    state_ = State::size;
  }
  if (state_ != State::size) return at;
  std::size_t end = at;
  std::uint64_t size = 0;
  for (int digit = 0; end < text.size() && end < at + 6 && (digit = hex_value(text[end])) >= 0; ++end)
    size = size << 4 | static_cast<std::uint64_t>(digit);
  if (size == 0 || !text.substr(end).starts_with("\r\n")) return at;
  end += 2;
  overhead_ += static_cast<std::uint32_t>(end - at);
  size_ = size;
  end_size_line();
  return end;
}

Failure BodyDecoder::malformed_at(char c) const {
  static constexpr std::string_view due[] = {
      "a chunk size in hexadecimal", "a chunk size in hexadecimal", "a chunk extension", "a chunk extension",
      "LF behind a chunk size",      "data",                        "CR LF behind chunk data", "LF behind chunk data",
      "a trailer field",             "a trailer field name",        "a trailer field value",   "LF behind a trailer field",
      "LF at the end of the body",   "nothing"};
  return malformed(fmt::format("byte {} of the chunked body is {} where {} is due; fix the chunked coding of the sender",
                               at_, name_byte(c), due[static_cast<int>(state_)]));
}

bool BodyDecoder::take_digit(char c) {
  int digit = hex_value(c);
  if (digit < 0 || size_ > ((std::uint64_t{1} << 63) - 1) >> 4) return false;
  size_ = size_ << 4 | static_cast<std::uint64_t>(digit);
  state_ = State::size_digits;
  return true;
}

/// Everything of a size line behind its first digit. A CR ends it, white space only leads to an extension.
bool BodyDecoder::take_size_byte(char c) {
  if (state_ == State::size_digits && hex_value(c) >= 0) return take_digit(c);
  if (c == '\r' && state_ != State::before_extension) {
    state_ = State::size_lf;
    return true;
  }
  if (state_ == State::extension) return value_character(c);
  if (c == ';') {
    state_ = State::extension;
    return true;
  }
  if (c != ' ' && c != '\t') return false;
  state_ = State::before_extension;
  return true;
}

void BodyDecoder::end_size_line() {
  auto paid = free_per_chunk + 2 * std::min<std::uint64_t>(size_, overhead_bound);
  overhead_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(overhead_, paid));
  left_ = size_;
  state_ = size_ == 0 ? State::trailer_start : State::data;
  size_ = 0;
}

bool BodyDecoder::take_trailer_byte(char c) {
  if (c == '\r' && state_ != State::trailer_name) {
    state_ = state_ == State::trailer_start ? State::end_lf : State::trailer_lf;
    return true;
  }
  if (state_ == State::trailer_value) return value_character(c);
  if (c == ':' && state_ == State::trailer_name) {
    state_ = State::trailer_value;
    return true;
  }
  state_ = State::trailer_name;
  return token_character(c);
}

Result<void> BodyDecoder::step(char c) {
  bool sound = false;
  switch (state_) {
    case State::size: sound = take_digit(c); break;
    case State::size_digits:
    case State::before_extension:
    case State::extension: sound = take_size_byte(c); break;
    case State::size_lf: if ((sound = c == '\n')) end_size_line(); break;
    case State::data_cr: if ((sound = c == '\r')) state_ = State::data_lf; break;
    case State::data_lf: if ((sound = c == '\n')) state_ = State::size; break;
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value: sound = take_trailer_byte(c); break;
    case State::trailer_lf: if ((sound = c == '\n')) state_ = State::trailer_start; break;
    case State::end_lf: if ((sound = c == '\n')) state_ = State::done; break;
    case State::data:
    case State::done: break;
  }
  if (!sound) return malformed_at(c);
  if (++overhead_ > overhead_bound)
    return malformed(fmt::format("more than {} bytes of chunk extensions, padding or trailers by byte {} of the chunked "
                                 "body; send data instead", overhead_bound, at_));
  return {};
}

}  // namespace siltgate::http
