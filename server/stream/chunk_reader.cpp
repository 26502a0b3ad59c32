// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_reader.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <limits>
#include <unordered_set>

#include "stream/chunk_notes.hpp"
#include "stream/json_check.hpp"
#include "stream/sound_chunk.hpp"

namespace siltgate::stream {
namespace {

namespace json = boost::json;

constexpr std::size_t kept_decoded = 4096;  // memory a reader keeps between payloads
constexpr std::size_t most_keys = 4096;     // of the root; beyond, duplicates are not looked for

/// The root's member names, to find one that occurs twice. A filter of 64 bits answers nearly always.
class KeySet {
 public:
  void clear() {
    filter_ = 0;
    count_ = 0;
    if (!many_.empty()) many_.clear();
  }
  /// True when the key was there.
  bool add(std::string_view key) {
    const std::uint64_t bit = std::uint64_t{1} << (hash(key) & 63);
    const bool maybe = filter_ & bit;
    filter_ |= bit;
    if (count_ < few_.size()) {
      if (maybe)
        for (std::size_t i = 0; i < count_; ++i)
          if (few_[i] == key) return true;
      few_[count_++] = key;
      return false;
    }
    if (many_.empty()) many_.insert(few_.begin(), few_.end());
    if (many_.size() >= most_keys) return false;
    return !many_.insert(key).second;
  }

 private:
  static std::size_t hash(std::string_view key) {
    if (key.empty()) return 0;
    return key.size() * 7 + static_cast<unsigned char>(key.front()) * 5 + static_cast<unsigned char>(key.back()) * 3;
  }
  std::uint64_t filter_ = 0;
  std::size_t count_ = 0;
  std::array<std::string_view, 24> few_;
  std::unordered_set<std::string_view> many_;
};

/// Follows the parser through the payload and tells where in it each value stands.
class Walk {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using Piece = json::string_view;
  using Error = json::error_code;

  void begin(std::string_view payload, ChunkFacts& facts, std::string& decoded) {
    payload_ = payload;
    notes_.begin(payload, facts);
    decoded_ = &decoded;
    decoded.clear();
    part_ = 0;
    depth_ = 0;
    node_ = Node::root;
    keys_.clear();
  }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    opened(Shape::object);
    return true;
  }
  bool on_array_begin(Error&) {
    opened(Shape::array);
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    closed();
    return true;
  }
  bool on_array_end(std::size_t, Error&) {
    closed();
    return true;
  }
  bool on_key_part(Piece part, std::size_t, Error&) {
    append(part);
    return true;
  }
  bool on_key(Piece part, std::size_t size, Error&) {
    const Node parent = depth_ > parents_.size() ? Node::other : parents_[depth_ - 1];
    if (parent == Node::other) {
      part_ = decoded_->size();
      return true;
    }
    const std::string_view key = whole(part, size);
    if (parent == Node::root && keys_.add(key)) notes_.facts().duplicate_key = true;
    node_ = member(parent, key);
    notes_.key(parent, node_);
    return true;
  }
  bool on_string_part(Piece part, std::size_t, Error&) {
    append(part);
    return true;
  }
  bool on_string(Piece part, std::size_t size, Error&) {
    if (place(Shape::string) == Node::other) part_ = decoded_->size();
    else notes_.text(node_, whole(part, size));
    return true;
  }
  bool on_number_part(Piece, Error&) { return true; }
  bool on_int64(std::int64_t number, Piece, Error&) {
    notes_.number(place(Shape::number), number);
    return true;
  }
  bool on_uint64(std::uint64_t, Piece, Error&) {
    notes_.large_number(place(Shape::number));
    return true;
  }
  bool on_double(double number, Piece, Error&) {
    const Node node = place(Shape::number);
    if (number > -9e18 && number < 9e18) notes_.number(node, static_cast<std::int64_t>(number));
    else notes_.large_number(node);
    return true;
  }
  bool on_bool(bool truth, Error&) {
    notes_.boolean(place(Shape::boolean), truth);
    return true;
  }
  bool on_null(Error&) {
    notes_.null(place(Shape::null));
    return true;
  }
  bool on_comment_part(Piece, Error&) { return true; }
  bool on_comment(Piece, Error&) { return true; }

 private:
  /// Decoded text never grows beyond the payload, so views into it stay valid.
  void append(Piece part) {
    if (decoded_->capacity() < payload_.size()) decoded_->reserve(payload_.size());
    decoded_->append(part.data(), part.size());
  }
  std::string_view whole(Piece last, std::size_t size) {
    if (last.size() == size && points_into_payload(last.data())) return {last.data(), last.size()};
    append(last);
    const std::string_view all = std::string_view(*decoded_).substr(part_);
    part_ = decoded_->size();
    return all;
  }
  bool points_into_payload(const char* p) const {
    return std::less_equal<>()(payload_.data(), p) && std::less<>()(p, payload_.data() + payload_.size());
  }

  void opened(Shape shape) {
    const Node node = place(shape);
    notes_.opened(node, shape);
    if (depth_ < parents_.size()) {
      parents_[depth_] = shape == Shape::object || is_list(node) ? node : Node::other;
      is_array_[depth_] = shape == Shape::array;
    }
    ++depth_;
  }
  void closed() {
    --depth_;
    if (depth_ < parents_.size()) node_ = parents_[depth_];
  }

  /// The node of the value that has come. Entries of an array take theirs from it, members have theirs from their key.
  Node place(Shape shape) {
    if (depth_ == 0) {
      notes_.facts().root = shape;
      node_ = Node::root;
    } else if (depth_ > parents_.size()) {
      node_ = Node::other;
    } else if (is_array_[depth_ - 1]) {
      node_ = entry(parents_[depth_ - 1]);
    }
    return node_;
  }

  std::string_view payload_;
  ChunkNotes notes_;
  std::string* decoded_ = nullptr;    // strings that had escapes
  std::size_t part_ = 0;              // where the string being read starts in it
  std::size_t depth_ = 0;
  Node node_ = Node::root;            // of the value that comes next, or of the open object
  std::array<Node, 8> parents_{};     // the open objects and arrays; deeper ones hold nothing of interest
  std::array<bool, 8> is_array_{};
  KeySet keys_;
};

/// Gives each output the index of its choice, and the channel that only the type of a Responses event tells.
void settle_outputs(ChunkFacts& facts) {
  const bool arguments = facts.type.starts_with("response.function_call_arguments");
  const bool reasoning = facts.type.starts_with("response.reasoning");
  for (Output& output : facts.outputs) {
    if (output.choice >= 0) output.choice = facts.choice_list[static_cast<std::size_t>(output.choice)].index;
    else output.choice = facts.index.value_or(0);
    if (arguments) output.channel = Output::Channel::arguments;
    if (reasoning) output.channel = Output::Channel::reasoning;
  }
  for (Output& output : facts.whole_outputs)
    output.choice = output.choice >= 0 ? facts.choice_list[static_cast<std::size_t>(output.choice)].index : 0;
}

/// The code unit that is escaped at `at`, 0 if none is.
unsigned code_unit(std::string_view text, std::size_t at) {
  if (text.size() - at < 6 || text[at] != '\\' || text[at + 1] != 'u') return 0;
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, code, 16);
  return error == std::errc{} && end == text.data() + at + 6 ? code : 0;
}

/// Writes U+E000 to U+E7FF, of private use, in place of the halves that stand alone: as long, no two alike, and nothing that the
/// check `garble` minds, as the other half may be in the next event. Returns the place of the first, npos if there is none.
std::size_t stand_in_for_halves(std::string& payload) {
  std::size_t first = std::string::npos;
  for (std::size_t at = payload.find('\\'); at < payload.size(); at = payload.find('\\', at)) {
    const unsigned code = code_unit(payload, at);
    const unsigned next = code >= 0xD800 && code < 0xDC00 ? code_unit(payload, at + 6) : 0;
    if (code < 0xD800 || code > 0xDFFF) {
      at += 2;
    } else if (next >= 0xDC00 && next <= 0xDFFF) {
      at += 12;
    } else {
      first = std::min(first, at);
      payload[at + 2] = 'E';
      payload[at + 3] = static_cast<char>('0' + (code >> 8 & 7));
      at += 6;
    }
  }
  return first;
}

}  // namespace

struct ChunkReader::Parser {
  Parser() : basic(options()) {}
  static json::parse_options options() {
    json::parse_options options;
    options.max_depth = max_json_depth;
    options.allow_invalid_utf8 = true;
    return options;
  }
  json::basic_parser<Walk> basic;
};

ChunkReader::ChunkReader() : parser_(std::make_unique<Parser>()) {}
ChunkReader::~ChunkReader() = default;

ChunkReader& ChunkReader::of_thread() {
  thread_local ChunkReader reader;
  return reader;
}

ChunkReader::Result ChunkReader::read(std::string_view payload) {
  for (std::string* buffer : {&decoded_, &whole_})
    if (buffer->capacity() > kept_decoded) std::string().swap(*buffer);
  if (!read_sound_chunk(payload, facts_, decoded_)) return parse(payload);
  settle_outputs(facts_);
  return {true, payload.size(), {}};
}

ChunkReader::Result ChunkReader::parse(std::string_view payload) {
  Result result = parse_as_is(payload);
  if (result.sound || payload.find("\\u") == std::string_view::npos) return result;
  whole_.assign(payload);
  const std::size_t at = stand_in_for_halves(whole_);
  if (at == std::string::npos) return result;
  result = parse_as_is(whole_);
  result.half_pair_at = at;
  return result;
}

ChunkReader::Result ChunkReader::parse_as_is(std::string_view payload) {
  facts_.clear();
  auto& parser = parser_->basic;
  parser.reset();
  parser.handler().begin(payload, facts_, decoded_);
  json::error_code error;
  const std::size_t used = parser.write_some(false, payload.data(), payload.size(), error);
  if (error) return {false, used, error.message()};
  if (used < payload.size()) return {false, used, "more follows the end of the value"};
  settle_outputs(facts_);
  return {true, used, {}};
}

}  // namespace siltgate::stream
