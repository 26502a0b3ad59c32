// SPDX-License-Identifier: Apache-2.0
#include "stream/event_splitter.hpp"

#include <cstring>

namespace siltgate::stream {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::size_t find(std::string_view bytes, char c, std::size_t from) {
  const void* found = std::memchr(bytes.data() + from, c, bytes.size() - from);
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) : std::string_view::npos;
}

}  // namespace

void EventSplitter::begin(std::string_view bytes, bool no_cr) {
  bytes_ = bytes;
  at_ = 0;
  next_cr_ = no_cr || bytes.empty() ? std::string_view::npos : find(bytes, '\r', 0);
}

/// Steps over the byte order mark at the very start of the stream; true when it is complete.
bool EventSplitter::take_mark() {
  while (mark_ < 3 && at_ < bytes_.size() && bytes_[at_] == byte_order_mark[mark_]) {
    ++mark_;
    ++at_;
  }
  if (mark_ == 3) {
    mark_ = 4;
    return true;
  }
  if (mark_ > 0) line_begun_ = true;  // so far only the start of a mark: the bytes of a line
  if (at_ < bytes_.size()) mark_ = 4;
  return false;
}

/// Position of the LF or CR that ends the open line, npos when the run ends before it.
std::size_t EventSplitter::find_line_end() {
  if (next_cr_ != std::string_view::npos && next_cr_ < at_) next_cr_ = find(bytes_, '\r', at_);
  const std::size_t lf = find(bytes_, '\n', at_);
  return next_cr_ < lf ? next_cr_ : lf;
}

EventSplitter::Piece EventSplitter::next() {
  if (mark_ < 4 && take_mark()) {
    line_begun_ = false;
    return {Kind::between, at_};
  }
  if (after_cr_ && at_ < bytes_.size()) {
    after_cr_ = false;
    if (bytes_[at_] == '\n') {
      ++at_;
      if (!in_event_) return {Kind::between, at_};
    }
  }
  while (at_ < bytes_.size()) {
    if (!line_begun_) comment_ = bytes_[at_] == ':';
    const std::size_t end = find_line_end();
    if (end == std::string_view::npos) {
      line_begun_ = true;
      at_ = bytes_.size();
      break;
    }
    const bool blank = !line_begun_ && end == at_;
    const bool one_line = !line_begun_ && !in_event_ && bytes_[end] == '\n';
    line_begun_ = false;
    at_ = end + 1;
    if (bytes_[end] == '\r') {
      if (at_ == bytes_.size()) after_cr_ = true;
      else if (bytes_[at_] == '\n') ++at_;
    }
    if (blank && in_event_) {
      in_event_ = false;
      return {Kind::event, at_};
    }
    if (!in_event_ && (blank || comment_)) return {Kind::between, at_};
    in_event_ = true;
    if (at_ < bytes_.size() && bytes_[at_] == '\n') {  // the blank line, without a search for its end
      ++at_;
      in_event_ = false;
      return {Kind::event, at_, one_line};
    }
  }
  return {Kind::open, at_};
}

}  // namespace siltgate::stream
