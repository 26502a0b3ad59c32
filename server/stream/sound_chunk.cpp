// SPDX-License-Identifier: Apache-2.0
#include "stream/sound_chunk.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "stream/chunk_notes.hpp"
#include "stream/sound_string.hpp"

namespace siltgate::stream {
namespace {

constexpr int most_levels = 48;            // deeper payloads are not usual; the reader recurses
constexpr int most_digits = 18;            // longer integers may not fit
constexpr int most_exponent_digits = 4;    // beyond, the parser may refuse

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// Recursive descent. Every function takes the position where its part begins and returns the one behind it, or nullptr
/// to give up. The payload ends with a brace, which ends everything but a string: while one is not used up, the byte in
/// hand may be looked at without asking for the end.
class SoundChunk {
 public:
  SoundChunk(std::string_view payload, ChunkFacts& facts, std::string& decoded)
      : begin_(payload.data()), end_(begin_ + payload.size()), strings_(payload, decoded) {
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
      const SoundStrings::Read name = strings_.read(p + 1);
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
    const SoundStrings::Read found = strings_.read(p + 1);
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
  SoundStrings strings_;
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
