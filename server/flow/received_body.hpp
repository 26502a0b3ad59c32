// SPDX-License-Identifier: Apache-2.0
// The body of a request while it arrives and until it was sent on: one piece of memory that bytes are received into directly, and
// that is not filled before. Knows nothing of HTTP.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "flow/spare_memory.hpp"

namespace siltgate::flow {

class ReceivedBody {
 public:
  /// `spare` must outlive the body: its memory comes from there and goes back.
  explicit ReceivedBody(SpareMemory& spare) : spare_(spare) {}
  ~ReceivedBody() { release(); }
  ReceivedBody(const ReceivedBody&) = delete;

  /// Room behind what has arrived. What is set aside follows what has arrived, whatever the client announces: 64 times as much but
  /// at most 4 MiB more, and at least twice as much, rounded up so that the next prompt, which is often a little longer, finds room
  /// in it too. Only what arrives is ever touched.
  std::span<char> room(std::size_t wanted) {
    if (size_ == memory_.size) {
      const std::size_t ahead = std::min(size_ * 64, size_ + (std::size_t{4} << 20));
      grow(size_ + std::min(wanted, std::max({ahead, size_ * 2, least}) - size_));
    }
    return {memory_.bytes.get() + size_, std::min(wanted, memory_.size - size_)};
  }
  /// So many bytes were written into room().
  void arrived(std::size_t count) { size_ += count; }
  void append(std::string_view bytes) {
    if (bytes.size() > memory_.size - size_) grow(std::max({size_ + bytes.size(), size_ * 2, least}));
    if (!bytes.empty()) std::memcpy(memory_.bytes.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void release() {
    spare_.keep(std::exchange(memory_, {}));
    size_ = 0;
  }

  operator std::string_view() const { return {memory_.bytes.get(), size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return memory_.size; }

 private:
  static constexpr std::size_t least = 4096;
  static constexpr std::size_t step = std::size_t{256} << 10;  // large pieces are multiples of it

  void grow(std::size_t capacity) {
    if (capacity >= SpareMemory::smallest) capacity = (capacity + step - 1) / step * step;
    SpareMemory::Piece larger = spare_.take(capacity);
    if (size_ > 0) std::memcpy(larger.bytes.get(), memory_.bytes.get(), size_);
    spare_.keep(std::exchange(memory_, std::move(larger)));
  }

  SpareMemory& spare_;
  SpareMemory::Piece memory_;
  std::size_t size_ = 0;
};

}  // namespace siltgate::flow
