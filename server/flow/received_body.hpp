// SPDX-License-Identifier: Apache-2.0
// The body of a request while it arrives and until it was sent on: one piece of memory that bytes are received into directly, and
// that is not filled before. Knows nothing of HTTP.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace siltgate::flow {

class ReceivedBody {
 public:
  /// Room behind what has arrived. What is set aside follows what has arrived, whatever the client announces: 64 times as much but
  /// at most 4 MiB more, and at least twice as much. Only what arrives is ever touched.
  std::span<char> room(std::size_t wanted) {
    if (size_ == capacity_) {
      const std::size_t ahead = std::min(size_ * 64, size_ + (std::size_t{4} << 20));
      grow(size_ + std::min(wanted, std::max({ahead, size_ * 2, least}) - size_));
    }
    return {bytes_.get() + size_, std::min(wanted, capacity_ - size_)};
  }
  /// So many bytes were written into room().
  void arrived(std::size_t count) { size_ += count; }
  void append(std::string_view bytes) {
    if (bytes.size() > capacity_ - size_) grow(std::max({size_ + bytes.size(), size_ * 2, least}));
    if (!bytes.empty()) std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void release() { *this = ReceivedBody{}; }

  operator std::string_view() const { return {bytes_.get(), size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }

  ReceivedBody() = default;
  ReceivedBody(ReceivedBody&& other) noexcept { *this = std::move(other); }
  ReceivedBody& operator=(ReceivedBody&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

 private:
  static constexpr std::size_t least = 4096;
  void grow(std::size_t capacity) {
    std::unique_ptr<char[]> larger(new char[capacity]);  // not cleared
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace siltgate::flow
