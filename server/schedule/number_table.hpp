// SPDX-License-Identifier: Apache-2.0
// Number to record of a slab, open addressing, four bytes a slot. Where a record wants to stand is its type's word: tickets count
// up, so neighbours in time are neighbours in memory, with a gap between them at which a search ends. Does not own the records.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "schedule/slab.hpp"

namespace siltgate::schedule {

/// T has `number()`, by which it is found, and `home_of(number)`, which spreads the numbers.
template <class T>
class NumberTable {
 public:
  explicit NumberTable(const Slab<T>& slab) : slab_(&slab) {}

  T* find(std::uint64_t number) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = home(number); slots_[at]; at = next(at))
      if (record(at).number() == number) return &record(at);
    return nullptr;
  }
  /// The record's number must not be in the table.
  void insert(T& record) {
    if (++count_ * 2 > slots_.size()) resize(slots_.empty() ? least : slots_.size() * 2);
    place(record.self + 1, record.number());
  }
  /// The record must be in the table.
  void erase(const T& gone) {
    std::size_t hole = home(gone.number());
    while (slots_[hole] != gone.self + 1) hole = next(hole);
    // Close the gap: whoever probed past the hole moves into it (Knuth 6.4, algorithm R).
    for (std::size_t at = next(hole); slots_[at]; at = next(at)) {
      const std::size_t wants = home(record(at).number());
      const bool stays = hole < at ? wants > hole && wants <= at : wants > hole || wants <= at;
      if (stays) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = 0;
    if (--count_ * 16 < slots_.size() && slots_.size() > least) resize(slots_.size() / 4);
  }
  void clear() {
    slots_ = {};
    count_ = 0;
  }
  /// Fetches what find(number) will read first.
  void warm(std::uint64_t number) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(number)], 1);
  }
  template <class F>
  void each(F visit) const {
    for (std::uint32_t slot : slots_)
      if (slot) visit(slab_->at(slot - 1));
  }

 private:
  static constexpr std::size_t least = 16;
  std::size_t home(std::uint64_t number) const { return T::home_of(number) & (slots_.size() - 1); }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  T& record(std::size_t at) const { return slab_->at(slots_[at] - 1); }
  void place(std::uint32_t slot, std::uint64_t number) {
    std::size_t at = home(number);
    while (slots_[at]) at = next(at);
    slots_[at] = slot;
  }
  void resize(std::size_t size) {
    const std::vector<std::uint32_t> old = std::exchange(slots_, std::vector<std::uint32_t>(size));
    for (std::uint32_t slot : old)
      if (slot) place(slot, slab_->at(slot - 1).number());
  }

  const Slab<T>* slab_;
  std::vector<std::uint32_t> slots_;  // a record's `self` and 1, 0 = none; power of two, at most half full
  std::size_t count_ = 0;
};

}  // namespace siltgate::schedule
