// SPDX-License-Identifier: Apache-2.0
#include "shared/resp.hpp"

#include <charconv>
#include <utility>

namespace siltgate::shared {
namespace {

bool whole_number(std::string_view text, std::int64_t& into) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::int64_t RespValue::as_number() const {
  std::int64_t value = 0;
  if (kind == Kind::number) return number;
  return kind == Kind::text && whole_number(text, value) ? value : 0;
}

const RespValue& RespValue::at(std::size_t index) const {
  static const RespValue none;
  return index < items.size() ? items[index] : none;
}

std::string resp_command(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

std::optional<RespValue> RespReader::next() {
  while (malformed_.empty()) {
    const std::size_t start = at_;
    Open one;
    const Step step = element(one);
    if (step == Step::broken) break;
    if (step == Step::more) at_ = start;
    const bool lists = step == Step::done && one.missing > 0;
    const bool complete = step == Step::done && !lists && !one.attributes && place(one.list);
    if (lists) {
      if (open_.size() > most_depth) fail("lists are nested too deeply");
      open_.push_back(std::move(one));
    }
    if (step == Step::done && !complete) continue;
    read_ = complete ? 0 : read_ + at_;
    buffer_.erase(0, std::exchange(at_, 0));
    if (complete) {
      items_ = 0;
      return std::move(one.list);
    }
    if (read_ + buffer_.size() > most_bytes) fail("an answer is over its bound");
    break;
  }
  return {};
}

/// Puts a value where it belongs. True when it is no part of a list: then it is the answer, or has become it.
bool RespReader::place(RespValue& value) {
  while (!open_.empty()) {
    Open& list = open_.back();
    if (++items_ > most_items) fail("a list is over its bound");
    list.list.items.push_back(std::move(value));
    if (--list.missing > 0) return false;
    const bool attributes = list.attributes;
    value = std::move(list.list);
    open_.pop_back();
    if (attributes) return false;
  }
  return true;
}

RespReader::Step RespReader::fail(const char* why) {
  malformed_ = why;
  return Step::broken;
}

RespReader::Step RespReader::line(std::string_view& into) {
  const std::size_t end = buffer_.find("\r\n", at_);
  if (end == std::string::npos) return buffer_.size() - at_ > most_line ? fail("an answer is over its bound") : Step::more;
  into = std::string_view(buffer_).substr(at_, end - at_);
  at_ = end + 2;
  return Step::done;
}

RespReader::Step RespReader::number(std::int64_t& into) {
  std::string_view text;
  if (Step step = line(text); step != Step::done) return step;
  return whole_number(text, into) ? Step::done : fail("a length or number is none");
}

/// A length, so many bytes, CR LF; -1 is null, which `into` does not show.
RespReader::Step RespReader::blob(std::string& into) {
  std::int64_t length = 0;
  if (Step step = number(length); step != Step::done) return step;
  if (length < -1 || length > static_cast<std::int64_t>(most_bytes)) return fail("a string is over its bound");
  if (length == -1) return Step::done;
  const auto size = static_cast<std::size_t>(length);
  if (buffer_.size() - at_ < size + 2) return Step::more;
  if (buffer_.compare(at_ + size, 2, "\r\n") != 0) return fail("a string does not end where it should");
  into.assign(buffer_, at_, size);
  at_ += size + 2;
  return Step::done;
}

/// The head of a list; what is in it comes as elements of their own.
RespReader::Step RespReader::several(Open& into, int per_entry) {
  std::int64_t count = 0;
  if (Step step = number(count); step != Step::done) return step;
  if (count == -1) into.list.kind = RespValue::Kind::null;
  else if (count < 0 || count > static_cast<std::int64_t>(most_items)) return fail("a list is over its bound");
  else into.missing = count * per_entry;
  return Step::done;
}

/// One value, or the head of a list.
RespReader::Step RespReader::element(Open& one) {
  using Kind = RespValue::Kind;
  if (at_ >= buffer_.size()) return Step::more;
  RespValue& into = one.list;
  const char type = buffer_[at_++];
  std::string_view text;
  Step step = Step::done;
  switch (type) {
    case '+': case '-': case ',': case '(':
      step = line(text);
      into.kind = type == '-' ? Kind::error : Kind::text;
      into.text = text;
      return step;
    case ':':
      into.kind = Kind::number;
      return number(into.number);
    case '#':
      step = line(text);
      into.kind = Kind::number;
      into.number = text == "t";
      return step;
    case '_':
      into.kind = Kind::null;
      return line(text);
    case '$': case '!': case '=':
      into.kind = type == '!' ? Kind::error : buffer_.compare(at_, 2, "-1") == 0 ? Kind::null : Kind::text;
      step = blob(into.text);
      if (type == '=' && into.text.size() >= 4) into.text.erase(0, 4);  // "txt:"
      return step;
    case '*': case '~': case '>':
      into.kind = type == '>' ? Kind::push : Kind::list;
      return several(one, 1);
    case '%': case '|':
      into.kind = Kind::list;
      one.attributes = type == '|';
      return several(one, 2);
    default:
      return fail("this is not the protocol of Redis");
  }
}

}  // namespace siltgate::shared
