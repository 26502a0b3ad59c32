// SPDX-License-Identifier: Apache-2.0
// Ticket to request, open addressing. Callers count tickets up, so a ticket's home is twice its number: neighbours in time
// are neighbours in memory, with a gap between them at which a search ends.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "schedule/fair_queue.hpp"

namespace siltgate::schedule {

class TicketTable {
 public:
  TicketTable() : slots_(64) {}
  Waiter* find(std::uint64_t ticket) const {
    for (std::size_t at = home(ticket); slots_[at]; at = next(at))
      if (slots_[at]->ticket == ticket) return slots_[at];
    return nullptr;
  }
  /// waiter.ticket must not be in the table.
  void insert(Waiter& waiter) {
    if (++count_ * 2 > slots_.size()) grow();
    place(waiter);
  }
  void erase(std::uint64_t ticket) {
    std::size_t hole = home(ticket);
    while (slots_[hole] && slots_[hole]->ticket != ticket) hole = next(hole);
    if (!slots_[hole]) return;
    --count_;
    // Close the gap: whoever probed past the hole moves into it (Knuth 6.4, algorithm R).
    for (std::size_t at = next(hole); slots_[at]; at = next(at)) {
      const std::size_t wants = home(slots_[at]->ticket);
      const bool stays = hole < at ? wants > hole && wants <= at : wants > hole || wants <= at;
      if (stays) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = nullptr;
  }
  template <class F>
  void each(F visit) const {
    for (Waiter* waiter : slots_)
      if (waiter) visit(*waiter);
  }

 private:
  std::size_t home(std::uint64_t ticket) const { return (ticket * 2) & (slots_.size() - 1); }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  void place(Waiter& waiter) {
    std::size_t at = home(waiter.ticket);
    while (slots_[at]) at = next(at);
    slots_[at] = &waiter;
  }
  void grow() {
    std::vector<Waiter*> old = std::exchange(slots_, std::vector<Waiter*>(slots_.size() * 2));
    for (Waiter* waiter : old)
      if (waiter) place(*waiter);
  }
  std::vector<Waiter*> slots_;  // power of two, at most half full
  std::size_t count_ = 0;
};

}  // namespace siltgate::schedule
