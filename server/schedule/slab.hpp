// SPDX-License-Identifier: Apache-2.0
// Records of one kind side by side in chunks: an address stays while its record is in use, and a record is also known by a short
// number. The lowest chunk with room serves first, so that a queue that has shrunk empties the chunks above, which go back to the
// system. Knows nothing of what the records mean.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace siltgate::schedule {

/// T has `std::uint32_t self`, its number here, and `T* after`, which links the free ones.
template <class T>
class Slab {
 public:
  static constexpr std::size_t chunk_size = 128;

  /// As T{}, but for `self`.
  T& take() {
    const std::size_t at = lowest_with_room();
    if (!chunks_[at]) chunks_[at] = std::make_unique<Chunk>(static_cast<std::uint32_t>(at * chunk_size));
    Chunk& chunk = *chunks_[at];
    T& taken = *chunk.free;
    chunk.free = taken.after;
    taken.after = nullptr;
    ++chunk.used;
    if (!chunk.free) room_[at / 64] &= ~bit(at);
    return taken;
  }
  void give(T& record) {
    const std::uint32_t self = record.self;
    const std::size_t at = self / chunk_size;
    Chunk& chunk = *chunks_[at];
    record = T{};
    record.self = self;
    record.after = chunk.free;  // last in, first out: the one just freed is still in the cache
    chunk.free = &record;
    room_[at / 64] |= bit(at);
    if (--chunk.used == 0) keep_one_empty(at);
  }
  T& at(std::uint32_t self) const { return chunks_[self / chunk_size]->records[self % chunk_size]; }
  /// Chunks in memory.
  std::size_t chunks() const {
    std::size_t count = 0;
    for (const auto& chunk : chunks_) count += chunk != nullptr;
    return count;
  }

 private:
  struct Chunk {
    std::array<T, chunk_size> records{};
    T* free = nullptr;
    std::size_t used = 0;
    explicit Chunk(std::uint32_t first) {
      for (std::size_t i = chunk_size; i-- > 0;) {
        records[i].self = first + static_cast<std::uint32_t>(i);
        records[i].after = free;
        free = &records[i];
      }
    }
  };
  static std::uint64_t bit(std::size_t at) { return std::uint64_t{1} << at % 64; }
  std::size_t lowest_with_room() {
    for (std::size_t word = 0; word < room_.size(); ++word)
      if (room_[word]) return word * 64 + static_cast<std::size_t>(std::countr_zero(room_[word]));
    room_.push_back(~std::uint64_t{0});
    chunks_.resize(chunks_.size() + 64);
    return chunks_.size() - 64;
  }
  /// Of the empty chunks the last to become so stays: a queue that swings around a border does not allocate each time.
  void keep_one_empty(std::size_t at) {
    if (empty_ != at && empty_ < chunks_.size() && chunks_[empty_] && chunks_[empty_]->used == 0) chunks_[empty_].reset();
    empty_ = at;
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<std::uint64_t> room_;  // a bit a chunk: it has room, or is not there
  std::size_t empty_ = 0;            // the chunk that became empty last
};

}  // namespace siltgate::schedule
