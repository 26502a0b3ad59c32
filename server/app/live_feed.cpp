// SPDX-License-Identifier: Apache-2.0
#include "app/live_feed.hpp"

namespace siltgate::app {

/// Lets a timer that fires late see that its LiveFeed is gone.
struct LiveFeed::Link {
  LiveFeed* owner;
};

LiveFeed::LiveFeed(asio::any_io_executor executor, Describe describe, Spell spell)
    : timer_(executor), link_(std::make_shared<Link>(Link{this})), describe_(std::move(describe)), spell_(std::move(spell)) {}

LiveFeed::~LiveFeed() { link_->owner = nullptr; }

std::string LiveFeed::state_event(const observe::State& state) const {
  return "event: state\ndata: " + observe::state_to_json(state) + "\n\n";
}

LiveFeed::Reader LiveFeed::add(observe::Filter filter, flow::Lines sink) {
  sink(state_event(describe_()));
  readers_.emplace(next_, Follower{std::move(filter), std::move(sink), {}});
  if (!running_) schedule();
  return next_++;
}

void LiveFeed::remove(Reader reader) { readers_.erase(reader); }

void LiveFeed::ended(const observe::RecordPtr& record) {
  for (auto& [reader, follower] : readers_)
    if (follower.filter.matches(*record)) follower.pending += spell_(*record);
}

void LiveFeed::schedule() {
  running_ = true;
  timer_.expires_after(beat);
  timer_.async_wait([link = link_](const ErrorCode& error) {
    if (!error && link->owner) link->owner->tick();
  });
}

void LiveFeed::tick() {
  running_ = false;
  if (readers_.empty()) return;
  const observe::State state = describe_();
  const bool busy = state.in_flight > 0 || state.waiting_total > 0 || !state.live.empty();
  const bool due = busy || was_busy_ || ++rested_ >= beats_at_rest;
  was_busy_ = busy;
  if (due) rested_ = 0;
  const std::string event = due ? state_event(state) : std::string();
  auto now = readers_;   // a sink may end its own reader
  for (auto& [reader, follower] : readers_) follower.pending.clear();
  for (auto& [reader, follower] : now) {
    const std::string text = follower.pending + event;
    if (!text.empty()) follower.sink(text);
  }
  schedule();
}

}  // namespace siltgate::app
