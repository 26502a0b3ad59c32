// SPDX-License-Identifier: Apache-2.0
#include "observe/redact.hpp"

#include <algorithm>
#include <vector>

#include "base/ascii.hpp"
#include "observe/secret_names.hpp"

namespace siltgate::observe {
namespace {

/// Bytes to hide: [from, to). `by_shape`: not a known value, so that more of it may follow.
struct Span {
  std::size_t from, to;
  bool by_shape = true;
};

constexpr std::size_t shortest_secret = 4;

bool alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool token_character(char c) { return alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos; }

std::size_t token_end(std::string_view text, std::size_t at) {
  while (at < text.size() && token_character(text[at])) ++at;
  return at;
}

bool digit(char c) { return c >= '0' && c <= '9'; }

/// Does `word` (lower case) stand at the start of `text`, without regard to case?
bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// How sure a pattern must be. `text`: our own lines and messages, where a mask too many costs nothing. `body`: bytes of
/// answers, where "basic structure" must stay what it is.
enum class Place { text, body };

/// Of a body: long, with a digit and a letter, as random values are and words are not.
bool looks_random(std::string_view value) {
  return value.size() >= 16 && std::any_of(value.begin(), value.end(), digit) &&
         std::any_of(value.begin(), value.end(), [](char c) { return alnum(c) && !digit(c); });
}

void find_values(std::string_view text, std::span<const std::string> secrets, std::vector<Span>& out) {
  for (const std::string& secret : secrets) {
    if (secret.size() < shortest_secret) continue;
    for (auto at = text.find(secret); at != std::string_view::npos; at = text.find(secret, at + 1))
      out.push_back({at, at + secret.size(), false});
  }
}

/// "Bearer X" and "authorization: X", "x-api-key": "X" and the like: what follows the word and its separators.
void find_behind(std::string_view text, std::size_t from, Place place, std::vector<Span>& out) {
  const std::size_t separators = from;
  while (from < text.size() && std::string_view(" \t\"':=\\").find(text[from]) != std::string_view::npos) ++from;
  const std::size_t to = token_end(text, from);
  const bool scheme = to - from == 6 && starts_with_word(text.substr(from, 6), "bearer");
  if (from == separators || to < from + 6 || scheme) return;
  if (place == Place::text || looks_random(text.substr(from, to - from))) out.push_back({from, to});
}

/// One pass over the text for all words: captures look at every byte of an answer.
void find_after_words(std::string_view text, Place place, std::vector<Span>& out) {
  constexpr std::string_view words[] = {"bearer", "basic", "authorization", "api-key", "api_key", "apikey"};
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char first = lower(text[at]);
    if (first != 'a' && first != 'b') continue;
    for (std::string_view word : words)
      if (first == word.front() && starts_with_word(text.substr(at), word)) find_behind(text, at + word.size(), place, out);
  }
}

void find_prefixed(std::string_view text, std::string_view prefix, std::size_t least, std::vector<Span>& out) {
  for (auto at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
    if (at > 0 && alnum(text[at - 1])) continue;
    const std::size_t to = token_end(text, at);
    if (to - at >= least) out.push_back({at, to});
  }
}

/// The password of "scheme://user:password@host".
void find_passwords(std::string_view text, std::vector<Span>& out) {
  for (auto mark = text.find("://"); mark != std::string_view::npos; mark = text.find("://", mark + 1)) {
    const auto user = mark + 3, end = std::min(text.find_first_of("/?# \t\"'<>\\", user), text.size());
    const auto at = text.substr(0, end).rfind('@'), colon = text.find(':', user);
    if (at != std::string_view::npos && at > user && colon < at) out.push_back({colon + 1, at, false});
  }
}

/// "?key=X" and "&sig=X".
void find_parameters(std::string_view text, std::vector<Span>& out) {
  constexpr std::size_t shortest = 6;
  for (auto at = text.find_first_of("?&"); at != std::string_view::npos; at = text.find_first_of("?&", at + 1)) {
    const auto end = std::min(text.find_first_of("&# \t\"'<>\\", at + 1), text.size()), equals = text.find('=', at);
    if (equals < end && end - equals > shortest && secret_parameter(text.substr(at + 1, equals - at - 1))) out.push_back({equals + 1, end});
  }
}

/// 32 hex digits, a dot, 8 or more letters or digits.
void find_zai_keys(std::string_view text, std::vector<Span>& out) {
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.', dot + 1)) {
    if (dot < 32 || !std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dot - 32),
                                 text.begin() + static_cast<std::ptrdiff_t>(dot), hex_digit))
      continue;
    std::size_t to = dot + 1;
    while (to < text.size() && alnum(text[to])) ++to;
    if (to - dot > 8) out.push_back({dot - 32, to});
  }
}

/// A secret cut by either end of the excerpt.
void find_cut_secrets(std::string_view bytes, std::span<const std::string> secrets, std::vector<Span>& out) {
  for (const std::string& secret : secrets) {
    const std::string_view whole = secret;
    for (std::size_t n = std::min(whole.size(), bytes.size()); n >= shortest_secret; --n) {
      if (bytes.substr(0, n) == whole.substr(whole.size() - n)) out.push_back({0, n});
      if (bytes.substr(bytes.size() - n) == whole.substr(0, n)) out.push_back({bytes.size() - n, bytes.size()});
    }
    if (whole.size() > bytes.size() && bytes.size() >= shortest_secret && whole.find(bytes) != std::string_view::npos)
      out.push_back({0, bytes.size()});
  }
}

/// Sorted and disjoint.
std::vector<Span> credentials(std::string_view text, std::span<const std::string> secrets, Place place, bool cut) {
  std::vector<Span> found;
  find_values(text, secrets, found);
  find_after_words(text, place, found);
  find_prefixed(text, "sk-", 11, found);
  find_prefixed(text, "eyJ", 24, found);
  if (place == Place::body)
    std::erase_if(found, [&](Span s) { return text.substr(s.from, 3) == "sk-" && !looks_random(text.substr(s.from, s.to - s.from)); });
  find_zai_keys(text, found);
  if (place == Place::text) {
    find_passwords(text, found);
    find_parameters(text, found);
  }
  if (cut) find_cut_secrets(text, secrets, found);
  std::sort(found.begin(), found.end(), [](Span a, Span b) { return a.from < b.from; });
  std::vector<Span> merged;
  for (Span span : found) {
    if (merged.empty() || span.from > merged.back().to) {
      merged.push_back(span);
      continue;
    }
    Span& last = merged.back();
    last.by_shape = span.to > last.to ? span.by_shape : last.by_shape || (span.to == last.to && span.by_shape);
    last.to = std::max(last.to, span.to);
  }
  return merged;
}

}  // namespace

std::string redact(std::string_view text, std::span<const std::string> secrets) {
  std::string out;
  std::size_t at = 0;
  for (Span span : credentials(text, secrets, Place::text, false)) {
    out += text.substr(at, span.from - at);
    out += "[redacted]";
    at = span.to;
  }
  out += text.substr(at);
  return out;
}

std::string mask(std::string_view bytes, std::span<const std::string> secrets) {
  std::string out(bytes);
  for (Span span : credentials(bytes, secrets, Place::text, true))
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(span.from), out.begin() + static_cast<std::ptrdiff_t>(span.to),
              '*');
  return out;
}

std::size_t BodyMask::apply(std::string& pending) {
  std::size_t masked = 0;
  const auto hide = [&](std::size_t from, std::size_t to) {
    for (; from < to; ++from) {
      masked += pending[from] != '*';
      pending[from] = '*';
    }
  };
  if (open_) {
    const std::size_t end = token_end(pending, seen_);
    hide(seen_, end);
    open_ = end == pending.size();
  }
  for (Span span : credentials(pending, secrets_, Place::body, false)) {
    hide(span.from, span.to);
    open_ = open_ || (span.by_shape && span.to == pending.size());
  }
  seen_ = pending.size();
  return masked;
}

std::size_t BodyMask::apply_end(std::string& pending) const {
  constexpr std::size_t shortest_piece = 6;
  std::size_t masked = 0;
  for (const std::string& secret : secrets_)
    for (std::size_t n = std::min(secret.size(), pending.size()); n >= shortest_piece; --n)
      if (std::string_view(pending).ends_with(std::string_view(secret).substr(0, n))) {
        std::fill(pending.end() - static_cast<std::ptrdiff_t>(n), pending.end(), '*');
        masked += n;
      }
  return masked;
}

std::size_t BodyMask::hold_back() const {
  std::size_t longest = 0;
  for (const std::string& secret : secrets_) longest = std::max(longest, secret.size());
  return longest + 128;  // more than any pattern needs to be recognised: word, separators, the start of the value
}

}  // namespace siltgate::observe
