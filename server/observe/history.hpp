// SPDX-License-Identifier: Apache-2.0
// The last finished exchanges, and who wants to hear of the next. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "observe/record.hpp"

namespace siltgate::observe {

using RecordPtr = std::shared_ptr<const ExchangeRecord>;

/// Which records are wanted; the default is all.
struct Filter {
  std::optional<Blame> verdict;
  std::optional<WallTime> since;    // started at or after

  bool matches(const ExchangeRecord& record) const;
};

class History {
 public:
  using Subscriber = std::function<void(const RecordPtr&)>;
  using Subscription = std::uint64_t;

  explicit History(std::size_t most = 500) : most_(most) {}

  /// Keeps the record (already judged) and tells every subscriber. The oldest record makes room.
  void add(ExchangeRecord record);

  /// By whole id, "last", or a beginning of an id ("sg_ab" or "ab") that only one record has. Null when none or several.
  RecordPtr find(std::string_view name) const;
  /// Newest first, at most `limit`.
  std::vector<RecordPtr> list(const Filter& filter, std::size_t limit) const;

  /// For ExchangeRecord::replay_of: the exchange that a client with replaying runtime answers for by `record`, itself not
  /// added yet: same body, peer address and User-Agent, cut in the middle of its body on a connection that was to be kept
  /// alive, ended at most a second before `record` was accepted. Null when there is none.
  RecordPtr replayed(const ExchangeRecord& record) const;

  /// The callback runs inside add(); it may unsubscribe itself, it must not call add().
  Subscription subscribe(Subscriber subscriber);
  void unsubscribe(Subscription subscription);

  std::size_t size() const { return records_.size(); }
  std::size_t subscribers() const { return subscribers_.size(); }

 private:
  std::size_t most_;
  std::deque<RecordPtr> records_;               // oldest first
  std::map<Subscription, Subscriber> subscribers_;
  Subscription next_ = 1;
};

}  // namespace siltgate::observe
