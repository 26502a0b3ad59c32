// SPDX-License-Identifier: Apache-2.0
#include "observe/redact.hpp"

#include <algorithm>
#include <vector>

namespace siltgate::observe {
namespace {

/// Bytes to hide: [from, to).
struct Span {
  std::size_t from, to;
};

constexpr std::size_t shortest_secret = 4;

bool alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool token_character(char c) { return alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::size_t token_end(std::string_view text, std::size_t at) {
  while (at < text.size() && token_character(text[at])) ++at;
  return at;
}

/// Position of `word` (lower case) in `text` without regard to case, from `at`.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t at) {
  auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), word.begin(), word.end(),
                           [](char a, char b) { return lower(a) == b; });
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

void find_values(std::string_view text, std::span<const std::string> secrets, std::vector<Span>& out) {
  for (const std::string& secret : secrets) {
    if (secret.size() < shortest_secret) continue;
    for (auto at = text.find(secret); at != std::string_view::npos; at = text.find(secret, at + 1))
      out.push_back({at, at + secret.size()});
  }
}

/// "Bearer X" and "authorization: X", "x-api-key": "X" and the like: what follows the word and its separators.
void find_after_words(std::string_view text, std::vector<Span>& out) {
  constexpr std::string_view words[] = {"bearer", "basic", "authorization", "x-api-key", "api-key", "api_key", "apikey"};
  for (std::string_view word : words) {
    for (auto at = find_word(text, word, 0); at != std::string_view::npos; at = find_word(text, word, at + 1)) {
      std::size_t from = at + word.size();
      const std::size_t separators = from;
      while (from < text.size() && std::string_view(" \t\"':=\\").find(text[from]) != std::string_view::npos) ++from;
      const std::size_t to = token_end(text, from);
      const bool scheme = to - from == 6 && find_word(text.substr(from, 6), "bearer", 0) == 0;
      if (from > separators && to >= from + 6 && !scheme) out.push_back({from, to});
    }
  }
}

void find_prefixed(std::string_view text, std::string_view prefix, std::size_t least, std::vector<Span>& out) {
  for (auto at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
    if (at > 0 && alnum(text[at - 1])) continue;
    const std::size_t to = token_end(text, at);
    if (to - at >= least) out.push_back({at, to});
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
std::vector<Span> credentials(std::string_view text, std::span<const std::string> secrets, bool cut) {
  std::vector<Span> found;
  find_values(text, secrets, found);
  find_after_words(text, found);
  find_prefixed(text, "sk-", 11, found);
  find_prefixed(text, "eyJ", 24, found);
  find_zai_keys(text, found);
  if (cut) find_cut_secrets(text, secrets, found);
  std::sort(found.begin(), found.end(), [](Span a, Span b) { return a.from < b.from; });
  std::vector<Span> merged;
  for (Span span : found) {
    if (!merged.empty() && span.from <= merged.back().to)
      merged.back().to = std::max(merged.back().to, span.to);
    else
      merged.push_back(span);
  }
  return merged;
}

}  // namespace

std::string redact(std::string_view text, std::span<const std::string> secrets) {
  std::string out;
  std::size_t at = 0;
  for (Span span : credentials(text, secrets, false)) {
    out += text.substr(at, span.from - at);
    out += "[redacted]";
    at = span.to;
  }
  out += text.substr(at);
  return out;
}

std::string mask(std::string_view bytes, std::span<const std::string> secrets) {
  std::string out(bytes);
  for (Span span : credentials(bytes, secrets, true))
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(span.from), out.begin() + static_cast<std::ptrdiff_t>(span.to),
              '*');
  return out;
}

}  // namespace siltgate::observe
