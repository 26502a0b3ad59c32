// SPDX-License-Identifier: Apache-2.0
#include "stream/delivery.hpp"

namespace siltgate::stream {
namespace {

constexpr std::size_t kept_capacity = 1024;  // larger buffers are given back between reads

}  // namespace

void Delivery::clear() {
  if (first_.empty() && !copying_) {  // taken_ was not touched
    second_ = {};
    return;
  }
  first_ = second_ = {};
  copying_ = false;
  if (taken_.capacity() > kept_capacity) std::string().swap(taken_);
  else taken_.clear();
}

void Delivery::copy_all() {
  if (!copying_) {
    if (first_.empty()) taken_.clear();  // else first_ is all of taken_
    taken_ += second_;
    copying_ = true;
  }
}

void Delivery::pass(std::string_view in_place) {
  if (in_place.empty()) return;
  if (!copying_ && second_.empty()) {
    second_ = in_place;
  } else if (!copying_ && second_.data() + second_.size() == in_place.data()) {
    second_ = {second_.data(), second_.size() + in_place.size()};
  } else {
    pass_copy(in_place);
  }
}

void Delivery::pass_held(std::string& held) {
  if (!copying_ && first_.empty() && second_.empty()) {
    taken_.swap(held);
    first_ = taken_;
  } else {
    pass_copy(held);
  }
  held.clear();
}

void Delivery::pass_copy(std::string_view bytes) {
  copy_all();
  taken_ += bytes;
  first_ = {};
  second_ = taken_;
}

}  // namespace siltgate::stream
