// SPDX-License-Identifier: Apache-2.0
// Collects what one feed() may deliver, as at most two views: nothing is copied as long as nothing was taken out or
// changed. Knows no events.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::stream {

class Delivery {
 public:
  /// Starts over; the views of the last round end here.
  void clear();
  /// Bytes of the read itself, which stays until the round ends.
  void pass(std::string_view in_place);
  /// The held bytes; takes them over and leaves `held` empty.
  void pass_held(std::string& held);
  /// Bytes that do not stay.
  void pass_copy(std::string_view bytes);

  std::string_view first() const { return first_; }
  std::string_view second() const { return second_; }

 private:
  void copy_all();

  bool copying_ = false;    // something was taken out or changed: the round is put together in taken_
  std::string_view first_;
  std::string_view second_;
  std::string taken_;       // what first_ points to, or everything of the round once copying_
};

}  // namespace siltgate::stream
