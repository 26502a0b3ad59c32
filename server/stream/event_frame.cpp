// SPDX-License-Identifier: Apache-2.0
#include "stream/event_frame.hpp"

#include <functional>

#include "stream/sound_string.hpp"

namespace siltgate::stream {

void EventFrame::keep(std::string_view event, const Output& output) {
  forget();
  const char* const text = output.text.data();
  const char* const end = event.data() + event.size();
  if (std::less<>{}(text, event.data() + 1) || !std::less<>{}(text + output.text.size(), end)) return;  // decoded elsewhere
  const std::string_view head = event.substr(0, static_cast<std::size_t>(text - event.data()));
  const std::string_view tail = event.substr(head.size() + output.text.size());
  if (head.back() != '"' || tail.front() != '"' || head.size() + tail.size() > most) return;
  bytes_.assign(head).append(tail);
  head_ = head.size();
  output_ = {output.channel, output.choice, output.call, {}};
}

bool EventFrame::fits(std::string_view event, Output& output, std::string& decoded) const {
  const std::string_view head = std::string_view(bytes_).substr(0, head_);
  const std::string_view tail = std::string_view(bytes_).substr(head_);
  if (event.size() <= bytes_.size() || !event.starts_with(head) || !event.ends_with(tail)) return false;
  const char* const text = event.data() + head.size();
  const auto string = SoundStrings(event.substr(head.size()), decoded).read(text);
  if (string.end != event.data() + (event.size() - tail.size() + 1)) return false;
  output = output_;
  output.text = string.text;
  return true;
}

}  // namespace siltgate::stream
