// SPDX-License-Identifier: Apache-2.0
#include "stream/sound_chunk.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "stream/byte_block.hpp"
#include "stream/chunk_notes.hpp"

namespace siltgate::stream {
namespace {

constexpr int most_levels = 48;            // deeper payloads are not usual; the reader recurses
constexpr int most_digits = 18;            // longer integers may not fit
constexpr int most_exponent_digits = 4;    // beyond, the parser may refuse

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// Value of a hexadecimal digit, 16 for another character.
unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char letter = static_cast<char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? static_cast<unsigned>(letter - 'a' + 10) : 16;
}

/// Recursive descent. Every function takes the position where its part begins and returns the one behind it, or nullptr
/// to give up. The payload ends with a brace, which ends everything but a string: while one is not used up, the byte in
/// hand may be looked at without asking for the end.
class SoundChunk {
 public:
  SoundChunk(std::string_view payload, ChunkFacts& facts, std::string& decoded)
      : begin_(payload.data()), end_(begin_ + payload.size()), last_block_(end_ - 16), decoded_(decoded) {
    notes_.begin(payload, facts);
  }

  bool read() {
    notes_.facts().root = Shape::object;
    return object(begin_, Node::root) == end_;
  }

 private:
  using Position = const char*;

  [[gnu::noinline]] static Position skip_space(Position p) {
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') ++p;
    return p;
  }
  /// On the first byte behind white space; usually there is none before `c`.
  static Position skip_to(char c, Position p) {
    if (*p == c) [[likely]] return p;
    return static_cast<unsigned char>(*p) > ' ' ? p : skip_space(p);
  }

  /// On the opening brace.
  Position object(Position p, Node at) {
    if (++level_ > most_levels) return nullptr;
    notes_.opened(at, Shape::object);
    p = skip_to('"', p + 1);
    if (*p == '}') return closed(p + 1);
    while (*p == '"') {
      const String name = string(p + 1);
      if (name.end == nullptr) return nullptr;
      p = skip_to(':', name.end);
      if (*p != ':') return nullptr;
      const Node node = at == Node::other ? Node::other : member(at, name.text);
      if (at == Node::root) {
        if (!note_root_key(node, name.text)) return nullptr;
      } else {
        notes_.key(at, node);
      }
      p = value(skip_to('"', p + 1), node);
      if (p == nullptr) return nullptr;
      p = skip_to(',', p);
      if (*p != ',') return *p == '}' ? closed(p + 1) : nullptr;
      p = skip_to('"', p + 1);
    }
    return nullptr;
  }

  /// On the opening bracket.
  Position array(Position p, Node at) {
    if (++level_ > most_levels) return nullptr;
    notes_.opened(at, Shape::array);
    p = skip_to('{', p + 1);
    if (*p == ']') return closed(p + 1);
    while (true) {
      p = value(p, entry(at));
      if (p == nullptr) return nullptr;
      p = skip_to(',', p);
      if (*p != ',') return *p == ']' ? closed(p + 1) : nullptr;
      p = skip_to('{', p + 1);
    }
  }

  /// Behind a closing brace or bracket. Where the last byte closes anything but the root, more ought to follow.
  Position closed(Position p) {
    --level_;
    return p == end_ && level_ > 0 ? nullptr : p;
  }

  [[gnu::always_inline]] Position value(Position p, Node node) {
    if (*p != '"') return other_value(p, node);
    const String found = string(p + 1);
    if (found.end != nullptr) notes_.text(node, found.text);
    return found.end;
  }

  /// Any value but a string.
  Position other_value(Position p, Node node) {
    if (*p == '{') return object(p, node);
    if (*p == '[') return array(p, node);
    return is_digit(*p) || *p == '-' ? number(p, node) : word(p, node);
  }

  [[gnu::noinline]] Position word(Position p, Node node) {
    if (is_word(p, "null")) {
      notes_.null(node);
      return p + 4;
    }
    const bool truth = is_word(p, "true");
    if (!truth && !is_word(p, "false")) return nullptr;
    notes_.boolean(node, truth);
    return p + (truth ? 4 : 5);
  }

  /// With more behind it: the last byte is a brace.
  bool is_word(Position p, std::string_view word) const {
    return static_cast<std::size_t>(end_ - p) > word.size() && std::memcmp(p, word.data(), word.size()) == 0;
  }

  [[gnu::noinline]] Position number(Position p, Node node) {
    const bool negative = *p == '-';
    if (negative) ++p;
    const Position first = p;
    std::uint64_t number = 0;   // of a number with too many digits: anything
    for (; is_digit(*p); ++p) number = 10 * number + static_cast<unsigned char>(*p - '0');
    const auto digits = p - first;
    if (digits == 0 || digits > most_digits || (*first == '0' && digits > 1)) return nullptr;
    if (*p == '.' || *p == 'e' || *p == 'E') return node == Node::other ? fraction(p) : nullptr;
    if (negative && number == 0) return nullptr;
    notes_.number(node, negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number));
    return p;
  }

  /// What may follow the digits of a number whose value nobody asks for.
  static Position fraction(Position p) {
    if (*p == '.') {
      const Position first = ++p;
      while (is_digit(*p)) ++p;
      if (p == first) return nullptr;
    }
    if (*p != 'e' && *p != 'E') return p;
    ++p;
    if (*p == '+' || *p == '-') ++p;
    const Position first = p;
    while (is_digit(*p)) ++p;
    return p == first || p - first > most_exponent_digits ? nullptr : p;
  }

  /// Set where a string may not simply go on: quotation mark, backslash, control character. With one bit turned over the
  /// quotation mark is the neighbour of the control characters, which stay among themselves.
  static ByteMask stops(ByteBlock block) {
    static_assert(('"' ^ 2) == ' ');
    return ((block ^ 2) <= ' ') | (block == '\\');
  }

  /// The first byte from `p` on where a string may not simply go on; end_ if there is none.
  Position plain_end(Position p) const {
    for (; end_ - p >= 16; p += 16)
      if (const unsigned at = first_set(stops(load_block(p))); at < 16) return p + at;
    while (p < end_ && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= ' ') ++p;
    return p;
  }

  struct String {
    Position end;             // behind the closing quotation mark; nullptr to give up
    std::string_view text;    // decoded
  };

  /// Behind the opening quotation mark. Most strings are short.
  [[gnu::always_inline]] String string(Position p) {
    if (p > last_block_) return longer_string(p, p);
    const unsigned size = first_set(stops(load_block(p)));
    if (size >= 16) return longer_string(p, p + 16);
    if (p[size] != '"') return escaped_string(p, p + size);
    return {p + size + 1, {p, size}};
  }
  /// A string that is plain up to `behind`.
  [[gnu::noinline]] String longer_string(Position p, Position behind) {
    const Position stop = plain_end(behind);
    if (stop != end_ && *stop == '"') return {stop + 1, {p, static_cast<std::size_t>(stop - p)}};
    return escaped_string(p, stop);
  }

  /// A string that is plain up to `stop`, where it has a backslash or something wrong.
  [[gnu::noinline]] String escaped_string(Position p, Position stop) {
    const auto size = static_cast<std::size_t>(end_ - begin_);
    if (decoded_.size() < size) decoded_.resize(size);  // what is decoded is not longer: once sized, views into it hold
    if (out_ == nullptr) out_ = decoded_.data();
    const char* const start = out_;
    while (stop != end_ && *stop == '\\') {
      append(p, stop);
      p = escape(stop + 1);
      if (p == nullptr) return {nullptr, {}};
      stop = plain_end(p);
    }
    if (stop == end_ || *stop != '"') return {nullptr, {}};
    append(p, stop);
    return {stop + 1, {start, static_cast<std::size_t>(out_ - start)}};
  }

  void append(Position from, Position to) { out_ = std::copy(from, to, out_); }
  void append(std::uint32_t byte) { *out_++ = static_cast<char>(byte); }

  /// Behind the backslash.
  Position escape(Position p) {
    switch (*p) {
      case '"': case '\\': case '/': *out_++ = *p; break;
      case 'n': *out_++ = '\n'; break;
      case 't': *out_++ = '\t'; break;
      case 'r': *out_++ = '\r'; break;
      case 'b': *out_++ = '\b'; break;
      case 'f': *out_++ = '\f'; break;
      case 'u': return unicode(p + 1);
      default: return nullptr;
    }
    return p + 1;
  }

  /// Behind the `u` of an escape. Half a surrogate pair is nothing usual.
  Position unicode(Position p) {
    std::uint32_t code = 0;
    if (!four_digits(p, code)) return nullptr;
    p += 4;
    if (code >= 0xD800 && code < 0xE000) {
      std::uint32_t low = 0;
      if (code >= 0xDC00 || end_ - p < 6 || p[0] != '\\' || p[1] != 'u' || !four_digits(p + 2, low)) return nullptr;
      if (low < 0xDC00 || low >= 0xE000) return nullptr;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      p += 6;
    }
    append_utf8(code);
    return p;
  }

  bool four_digits(Position p, std::uint32_t& code) const {
    if (end_ - p < 4) return false;
    for (int i = 0; i < 4; ++i) {
      const unsigned digit = hex_value(p[i]);
      if (digit > 15) return false;
      code = code << 4 | digit;
    }
    return true;
  }

  void append_utf8(std::uint32_t code) {
    const auto more = [&](int shift) { append(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) return append(code);
    if (code < 0x800) {
      append(0xC0 | code >> 6);
    } else if (code < 0x10000) {
      append(0xE0 | code >> 12);
      more(6);
    } else {
      append(0xF0 | code >> 18);
      more(12);
      more(6);
    }
    more(0);
  }

  /// False: too many to keep in mind. A name that occurs twice is noted.
  bool note_root_key(Node node, std::string_view name) {
    if (node != Node::other) {  // one name, one node
      const std::uint64_t bit = std::uint64_t{1} << static_cast<int>(node);
      if (known_ & bit) notes_.facts().duplicate_key = true;
      known_ |= bit;
      return true;
    }
    for (std::size_t i = 0; i < unknown_count_; ++i)
      if (unknown_[i].is(name)) notes_.facts().duplicate_key = true;
    if (unknown_count_ == unknown_.size()) return false;
    unknown_[unknown_count_++] = {name.data(), name.size()};
    return true;
  }

  Position begin_, end_;
  Position last_block_;                         // sixteen bytes are left from here
  std::string& decoded_;                        // room for strings that have escapes
  char* out_ = nullptr;                         // behind the last of them
  ChunkNotes notes_;
  int level_ = 0;
  std::uint64_t known_ = 0;                     // a bit for each node of the root that was there
  std::size_t unknown_count_ = 0;
  struct Name {  // unlike a string_view it costs nothing before it is used
    const char* data;
    std::size_t size;
    bool is(std::string_view name) const { return std::string_view(data, size) == name; }
  };
  std::array<Name, 16> unknown_;                // the other names of the root
  static_assert(static_cast<int>(Node::text_other) < 64);
};

}  // namespace

bool read_sound_chunk(std::string_view payload, ChunkFacts& facts, std::string& decoded) {
  if (payload.size() < 16 || payload.front() != '{' || payload.back() != '}') return false;
  facts.clear();
  return SoundChunk(payload, facts, decoded).read();
}

}  // namespace siltgate::stream
