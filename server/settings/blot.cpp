// SPDX-License-Identifier: Apache-2.0
#include "settings/blot.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "observe/redact.hpp"
#include "settings/suggest.hpp"

namespace siltgate::settings {
namespace {

constexpr auto npos = std::string_view::npos;

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool number(char c) { return c >= '0' && c <= '9'; }
bool blank(char c) { return std::string_view(" \t\r\n").find(c) != npos; }
bool has(std::string_view text, bool (*kind)(char)) { return std::any_of(text.begin(), text.end(), kind); }
bool name_character(char c) { return letter(c) || number(c) || c == '_' || c == '-'; }
bool token_character(char c) { return name_character(c) || std::string_view(".+/=~").find(c) != npos; }

/// Does a key of this name hold a secret?
bool secret_key(std::string_view key) {
  if (key == "tokens_per_minute") return false;
  const std::string low = lower(key);
  if (low == "value") return true;
  for (std::string_view part : {"key", "token", "secret", "passw", "credential"})
    if (low.find(part) != npos) return true;
  return false;
}

/// Is everything below it a secret? Misspelt, too.
bool secret_container(std::string_view key) {
  return !key.empty() && (edit_distance(key, "keys") <= 1 || edit_distance(key, "apikeys") <= 1 || edit_distance(key, "tokens") <= 1 || edit_distance(key, "clienttokens") <= 2);
}

/// Twenty or more letters and digits with nothing a path, URL or sentence would have.
bool token_like(std::string_view text) {
  return text.size() >= 20 && text.front() != '/' && std::all_of(text.begin(), text.end(), token_character) && has(text, letter) && has(text, number);
}

int kind_of(char c) { return number(c) ? 1 : c >= 'A' && c <= 'Z' ? 2 : 3; }

/// It begins as API keys do, or most of it are runs in which letters and digits mix and change often, as in no word and no
/// name of a model.
bool looks_random(std::string_view text, std::size_t least) {
  if (text.size() < least || !has(text, letter) || !has(text, number)) return false;
  if (observe::mask(text) != text || text.starts_with("sk-")) return true;
  std::size_t mixed = 0, all = 0;
  int changes = 0;   // but from a capital to what follows it
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    for (; end < text.size() && (letter(text[end]) || number(text[end])); ++end)
      if (end > at && kind_of(text[end - 1]) != 2) changes += kind_of(text[end]) != kind_of(text[end - 1]);
    const auto run = text.substr(at, end - at);
    all += run.size();
    if (run.size() >= 4 && has(run, letter) && has(run, number)) mixed += run.size();
    at = end + 1;
  }
  return mixed * 2 >= all && changes >= 3;
}

/// Of a sentence, behind a word such as "password": a plain word is no secret.
bool like_password(std::string_view word) { return word.size() >= 6 && has(word, number) && has(word, letter); }

class Scanner {
 public:
  /// `prose`: the inside of a comment or string, at `base` of the whole text.
  Scanner(std::string_view text, std::size_t base, bool prose, std::vector<Hidden>& out) : text_(text), base_(base), prose_(prose), out_(out) {}

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (blank(c) || c == ':' || c == '=') ++at_;
      else if (comment_begins(at_)) comment();
      else if (c == '"' || (c == '\'' && !prose_)) string();
      else if (c == '{' || c == '[') open();
      else if (c == '}' || c == ']') close();
      else if (c == ',') forget();
      else word();
    }
  }

 private:
  void hide(std::size_t begin, std::size_t end, bool sure = true) {
    if (begin < end) out_.push_back({{base_ + begin, base_ + end}, sure});
  }
  std::string_view part(std::size_t begin, std::size_t end) const { return text_.substr(begin, end - begin); }
  void forget() {
    key_.clear();
    ++at_;
  }
  void open() {
    containers_.push_back(secret_below() || secret_container(key_));
    forget();
  }
  void close() {
    if (!containers_.empty()) containers_.pop_back();
    forget();
  }
  bool secret_below() const { return !containers_.empty() && containers_.back(); }
  bool secret_here() const { return secret_key(key_) || (secret_below() && key_ != "concurrency"); }

  bool comment_begins(std::size_t at) const {
    const auto two = text_.substr(at, 2);
    return !prose_ && (two == "//" || two == "/*" || text_[at] == '#') && (at == 0 || text_[at - 1] != ':');
  }
  void comment() {
    const auto begin = at_;
    const bool block = text_.substr(at_, 2) == "/*";
    const auto end = text_.find(block ? "*/" : "\n", at_);
    at_ = end == npos ? text_.size() : end + (block ? 2 : 1);
    Scanner(part(begin, at_), base_ + begin, true, out_).run();
  }

  /// Does a colon or an equals sign follow, perhaps behind a lost quote?
  bool is_key(std::size_t end) const {
    if (end < text_.size() && text_[end] == '"' && text_.substr(end + 1, 1) == ":") return true;
    while (end < text_.size() && blank(text_[end])) ++end;
    return end < text_.size() && (text_[end] == ':' || text_[end] == '=');
  }

  void string() {
    const auto begin = at_ + 1;
    auto end = begin;
    while (end < text_.size() && text_[end] != text_[at_] && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    end = std::min(end, text_.size());
    at_ = std::min(end + 1, text_.size());
    const auto text = part(begin, end);
    if (!is_key(at_)) return value(begin, end);
    key_ = text;
    if (looks_random(text, 12)) hide(begin, end);
  }

  /// What stands between quotes.
  void value(std::size_t begin, std::size_t end) {
    const auto text = part(begin, end);
    const auto name = text.substr(0, text.find_first_of(":= "));
    if (secret_here()) return all_but_references(begin, end);
    if (name.size() < text.size() && secret_key(name) && text.find_first_not_of(":= ", name.size()) == npos) key_ = name;   // "value: "x" lost a quote
    if (has(text, blank)) return Scanner(text, base_ + begin, true, out_).run();
    by_shape(begin, end);
    if (token_like(text)) hide(begin, end, false);
  }

  /// {env:NAME} shows, unless what is named is a secret itself.
  void all_but_references(std::size_t begin, std::size_t end) {
    while (begin < end) {
      auto reference = end, close = end;
      for (std::string_view kind : {"{env:", "{file:", "{cred:", "{keychain:"}) {
        const auto found = part(begin, end).find(kind);
        if (found == npos || begin + found >= reference) continue;
        const auto shut = part(begin, end).find('}', found);
        if (shut == npos) continue;
        reference = begin + found;
        close = begin + shut + 1;
        if (looks_random(part(reference + kind.size(), close - 1), 12)) hide(reference + kind.size(), close - 1);
      }
      hide(begin, reference);
      begin = close;
    }
  }

  void by_shape(std::size_t begin, std::size_t end) {
    const auto text = part(begin, end);
    if (const auto scheme = text.find("://"); scheme != npos) return url(begin + scheme + 3, end);
    if (text.find('?') != npos) return url(begin, end);
    if (const auto at = text.rfind('@'); at != npos) {
      const auto colon = text.find(':');
      if (colon < at) hide(begin + colon + 1, begin + at);
      else if (colon != npos || key_ == "redis" || key_ == "proxy" || key_ == "base_url") hide(begin, begin + at);   // a URL without its scheme
    }
    if (!text.empty() && text.front() != '/' && std::all_of(text.begin(), text.end(), token_character) && looks_random(text, 12)) hide(begin, end);
  }

  /// Behind the scheme: the user, values of the query, and parts of the path that look like a key.
  void url(std::size_t begin, std::size_t end) {
    if (const auto user = part(begin, end).rfind('@'); user != npos) {
      hide(begin, begin + user);
      begin += user + 1;
    }
    const auto query = begin + std::min(part(begin, end).find_first_of("?#"), end - begin);
    for (auto at = begin; at < query;) {
      const auto slash = std::min(text_.find('/', at), query);
      if (part(at, slash).find('.') == npos && looks_random(part(at, slash), 16)) hide(at, slash);
      at = slash + 1;
    }
    for (auto at = query + 1; at < end;) {
      const auto next = std::min(text_.find('&', at), end);
      const auto equals = part(at, next).find('=');
      const auto from = equals == npos ? at : at + equals + 1;
      if (next - from >= 4) hide(from, next);
      at = next + 1;
    }
  }

  void word() {
    const auto begin = at_;
    while (at_ < text_.size() && !ends_word(begin)) ++at_;
    if (at_ == begin) return void(++at_);
    auto from = begin, end = at_;
    while (prose_ && end > from + 1 && std::string_view(".;!?)*").find(text_[end - 1]) != npos) --end;
    while (prose_ && from + 1 < end && text_[from] == '(') ++from;
    const auto equals = part(from, end).find('=');
    if (equals != npos && part(from, end).find_first_not_of('=', equals) != npos && part(from, end).find("://") == npos &&
        std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(from), text_.begin() + static_cast<std::ptrdiff_t>(from + equals), name_character)) {
      key_ = part(from, from + equals);
      from += equals + 1;
    }
    loose(from, end);
    said_ = lower(part(from, end));
  }
  bool ends_word(std::size_t begin) const {
    const char c = text_[at_];
    if (c == ':') return text_.substr(at_, 3) != "://" && part(begin, at_).find("://") == npos;
    return blank(c) || std::string_view(",{}[]\"").find(c) != npos || (c == '\'' && !prose_) || (at_ > begin && comment_begins(at_));
  }

  /// A word without quotes.
  void loose(std::size_t begin, std::size_t end) {
    const auto text = part(begin, end);
    if (is_key(end)) {
      key_ = text;
      if (looks_random(text, 12)) hide(begin, end);
      else if (const auto at = text.rfind('@'); at != npos) hide(begin, begin + at);   // no key, but user@host:port
      return;
    }
    if (text == "true" || text == "false" || text == "null") return;
    const bool announced = said_ == "bearer" || said_ == "basic" || (prose_ && secret_key(said_));
    if (announced && like_password(text)) return hide(begin, end);
    const bool long_word = !prose_ && text.size() > 12 && has(text, letter) && has(text, number) && std::all_of(text.begin(), text.end(), token_character);
    const bool small = text.size() < 6 && std::all_of(text.begin(), text.end(), number);
    if (long_word || (secret_here() && (prose_ ? like_password(text) : !small))) hide(begin, end);
    else by_shape(begin, end);
    if (prose_) key_.clear();   // "key: hunter2 is old"
  }

  std::string_view text_;
  std::size_t base_;
  bool prose_;
  std::vector<Hidden>& out_;
  std::size_t at_ = 0;
  std::string key_;                // whose value is due, up to the next comma
  std::string said_;               // the last word without quotes
  std::vector<bool> containers_;   // is everything in it a secret?
};

}  // namespace

std::vector<Hidden> secrets_in(std::string_view text) {
  std::vector<Hidden> out;
  Scanner(text, 0, false, out).run();
  return out;
}

std::string without(std::string message, const std::vector<std::string>& secrets) {
  constexpr std::size_t shortest = 4, quoted = 60;   // messages quote so much of a long text
  const auto inside_word = [&message](std::size_t at) { return at < message.size() && name_character(message[at]); };
  for (const std::string& secret : secrets) {
    if (secret.size() < shortest) continue;
    const auto sought = secret.substr(0, quoted);
    for (auto at = message.find(sought); at != npos; at = message.find(sought, at + 1)) {
      const bool cut = secret.size() > quoted && message.substr(at, secret.size()) != secret;
      const auto length = cut ? sought.size() : secret.size();
      const bool before = at > 0 && inside_word(at - 1) && name_character(secret.front());
      const bool behind = !cut && inside_word(at + length) && name_character(secret.back()) && secret.size() < 8;   // "30x" + "s"
      if (!before && !behind) message.replace(at, length, "***");
    }
  }
  return message;
}

std::string without_secrets_of(std::string message, std::string_view text) {
  std::vector<std::string> secrets;
  for (const Hidden& one : secrets_in(text))
    if (one.sure) secrets.emplace_back(text.substr(one.span.begin, one.span.end - one.span.begin));
  return without(std::move(message), secrets);
}

}  // namespace siltgate::settings
