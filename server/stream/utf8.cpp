// SPDX-License-Identifier: Apache-2.0
#include "stream/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "stream/byte_block.hpp"

namespace siltgate::stream {
namespace {

struct Sequence {
  std::size_t length;            // bytes looked at: whole sequence, maximal subpart, or open prefix
  enum { whole, fault, open } state;
};

struct Lead {
  std::uint8_t more;  // continuation bytes
  std::uint8_t low;   // allowed range of the first of them
  std::uint8_t high;
};

/// Table 3-7 by lead byte; `more` 0 = not a lead byte.
constexpr Lead lead_of(std::uint8_t b) {
  if (b >= 0xC2 && b <= 0xDF) return {1, 0x80, 0xBF};
  if (b == 0xE0) return {2, 0xA0, 0xBF};
  if (b == 0xED) return {2, 0x80, 0x9F};
  if (b >= 0xE1 && b <= 0xEF) return {2, 0x80, 0xBF};
  if (b == 0xF0) return {3, 0x90, 0xBF};
  if (b >= 0xF1 && b <= 0xF3) return {3, 0x80, 0xBF};
  if (b == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

Sequence read_sequence(const unsigned char* p, std::size_t size) {
  if (p[0] < 0x80) return {1, Sequence::whole};
  const Lead lead = lead_of(p[0]);
  if (lead.more == 0) return {1, Sequence::fault};
  for (std::size_t i = 1; i <= lead.more; ++i) {
    if (i == size) return {i, Sequence::open};
    const std::uint8_t low = i == 1 ? lead.low : 0x80;
    const std::uint8_t high = i == 1 ? lead.high : 0xBF;
    if (p[i] < low || p[i] > high) return {i, Sequence::fault};
  }
  return {lead.more + std::size_t{1}, Sequence::whole};
}

std::size_t skip_ascii(const unsigned char* p, std::size_t at, std::size_t size) {
  constexpr std::uint64_t high_bits = 0x8080808080808080u;
  while (size - at >= 32) {
    std::uint64_t w[4];
    std::memcpy(w, p + at, sizeof w);
    if ((w[0] | w[1] | w[2] | w[3]) & high_bits) break;
    at += 32;
  }
  while (size - at >= 8) {
    std::uint64_t w;
    std::memcpy(&w, p + at, sizeof w);
    if (w & high_bits) break;
    at += 8;
  }
  while (at < size && p[at] < 0x80) ++at;
  return at;
}

}  // namespace

Utf8Span scan_utf8(std::string_view bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t size = bytes.size();
  std::size_t at = 0;
  while (true) {
    at = skip_ascii(p, at, size);
    // Runs of three-byte letters (Chinese, Japanese, Korean) stay in this loop.
    while (size - at >= 3 && p[at] > 0xE0 && p[at] < 0xF0 && p[at] != 0xED && (p[at + 1] & 0xC0) == 0x80 &&
           (p[at + 2] & 0xC0) == 0x80)
      at += 3;
    if (at == size) return {size, 0, 0};
    const Sequence found = read_sequence(p + at, size - at);
    if (found.state == Sequence::fault) return {at, found.length, 0};
    if (found.state == Sequence::open) return {at, 0, found.length};
    at += found.length;
  }
}

bool is_plain(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  if (bytes.size() < 16)
    return std::all_of(p, end, [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\r'; });
  ByteBlock high = load_block(end - 16);  // the last bytes, of which the loop may see some again
  ByteMask returns = high == '\r';
  for (; end - p >= 16; p += 16) {
    const ByteBlock block = load_block(p);
    high |= block;
    returns |= block == '\r';
  }
  return !any_set((high > 0x7F) | returns);
}

bool is_utf8(std::string_view bytes) { return scan_utf8(bytes).sound == bytes.size(); }

std::string describe_utf8_fault(std::string_view sequence) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string hex;
  for (unsigned char c : sequence) {
    if (!hex.empty()) hex += ' ';
    hex += digits[c >> 4];
    hex += digits[c & 15];
  }
  const auto first = sequence.empty() ? 0u : static_cast<unsigned char>(sequence[0]);
  if ((first & 0xC0) == 0x80) return "continuation byte " + hex + " without a lead byte";
  if (lead_of(static_cast<std::uint8_t>(first)).more == 0) return "byte " + hex + " never occurs in UTF-8";
  return "sequence " + hex + " is not followed by the continuation byte it needs";
}

void Utf8Gate::begin(std::string_view bytes) {
  bytes_ = bytes;
  at_ = 0;
}

void Utf8Gate::keep(std::string_view open) { kept_size_ = static_cast<std::uint8_t>(open.copy(kept_.data(), kept_.size())); }

Utf8Gate::Run Utf8Gate::finish_kept() {
  const std::size_t taken = std::min<std::size_t>(bytes_.size(), joined_.size() - kept_size_);
  std::copy_n(kept_.data(), kept_size_, joined_.data());
  std::copy_n(bytes_.data(), taken, joined_.data() + kept_size_);
  const auto found = read_sequence(reinterpret_cast<const unsigned char*>(joined_.data()), kept_size_ + taken);
  if (found.state == Sequence::open) {
    std::copy_n(joined_.data(), found.length, kept_.data());
    kept_size_ = static_cast<std::uint8_t>(found.length);
    at_ = bytes_.size();
    return {};
  }
  at_ = found.length - kept_size_;
  kept_size_ = 0;
  return {{joined_.data(), found.length}, found.state == Sequence::fault, true, true, 0};
}

Utf8Gate::Run Utf8Gate::next() {
  if (at_ == bytes_.size()) return {};
  if (at_ == 0 && kept_size_ > 0) return finish_kept();
  const std::string_view rest = bytes_.substr(at_);
  const Utf8Span span = scan_utf8(rest);
  const std::size_t start = at_;
  if (span.sound > 0) {
    at_ += span.sound;
    if (span.open > 0) {
      keep(rest.substr(span.sound));
      at_ = bytes_.size();
    }
    return {rest.substr(0, span.sound), false, false, false, start};
  }
  if (span.open > 0) {
    keep(rest);
    at_ = bytes_.size();
    return {};
  }
  at_ += span.fault;
  return {rest.substr(0, span.fault), true, false, start == 0 || at_ == bytes_.size(), start};
}

}  // namespace siltgate::stream
