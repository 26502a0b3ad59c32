// SPDX-License-Identifier: Apache-2.0
#include "observe/recording.hpp"

#include "observe/capture_desk.hpp"
#include "observe/capture_lines.hpp"
#include "observe/recording_state.hpp"

namespace siltgate::observe {

using Kind = CaptureEntry::Kind;

namespace {

/// std::string grows by as much again; thousands of open streams hold a recording each. `spare`: for what comes soon.
void append(std::string& to, std::string_view bytes, std::size_t spare) {
  const std::size_t size = to.size() + bytes.size();
  if (size > to.capacity()) {
    std::string larger;
    larger.reserve(size + spare);
    larger += to;
    to.swap(larger);
  }
  to += bytes;
}

}  // namespace

Recording::State::~State() { desk.held_ -= held; }

/// Bytes and entries that came since the last call are held now; hands them over when that is too much.
void Recording::State::grown() {
  desk.held_ += batch.weight() - held;
  held = batch.weight();
  const std::size_t bound = desk.held_ > CaptureDesk::held_bound ? CaptureDesk::crowded : CaptureDesk::hold;
  if (held >= bound) hand_over();
}

void Recording::State::hand_over() {
  if (batch.entries.empty()) return;
  CaptureBatch full = std::move(batch);
  batch = {};
  batch.subject = full.subject;
  received_from = received_size;
  base = 0;
  desk.held_ -= held;
  held = 0;
  on_disk = true;
  lost = !desk.hand_over(std::move(full)) || lost;
}

void Recording::State::add(Kind kind, std::string_view bytes, TimePoint now, std::uint64_t from) {
  if (lost) return;
  CaptureEntry entry;
  entry.kind = kind;
  entry.attempt = attempt;
  entry.size = static_cast<std::uint32_t>(bytes.size());
  entry.from = from;
  entry.ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now - accepted).count();
  batch.entries.push_back(entry);
  if (kind == Kind::read) append(batch.received, bytes, batch.received.size() / 8);
  else if (kind != Kind::same) append(batch.other, bytes, batch.other.size() / 16);
}

/// Where in the received body these bytes stand: behind the last delivery, or at the end of what was read. Nothing when they
/// stand in neither place, or no longer in memory.
std::optional<std::uint64_t> Recording::State::position_of(std::string_view first, std::string_view second) const {
  const std::size_t size = first.size() + second.size();
  for (std::uint64_t from : {delivered_to, received_size - size}) {
    if (size > received_size || from < received_from || from + size > received_size) continue;
    const std::string_view there = std::string_view(batch.received).substr(base + from - received_from, size);
    if (there.substr(0, first.size()) == first && there.substr(first.size()) == second) return from;
  }
  return {};
}

Recording::Recording() = default;
Recording::Recording(std::unique_ptr<State> state) : state_(std::move(state)) {}
Recording::~Recording() = default;
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;

bool Recording::wants_request() const { return state_ && state_->mode == CaptureMode::all; }

void Recording::request(const ExchangeRecord& record, std::string_view head, std::string_view url, std::string_view body) {
  if (!state_) return;
  state_->add(Kind::line, request_members(record, head, url), record.accepted);
  if (wants_request() && body.size() <= CaptureDesk::request_bound) state_->add(Kind::request, body, record.accepted);
  state_->grown();
}

void Recording::begin_attempt(int number) {
  state_->attempt = number;
  state_->received_size = state_->received_from = state_->delivered_to = 0;
  state_->base = state_->batch.received.size();
}

void Recording::add_head(std::string_view type, std::string_view head, TimePoint now) {
  state_->add(Kind::line, head_members(type, head), now);
  state_->grown();
}

void Recording::add_read(std::string_view bytes, const std::vector<std::uint32_t>& chunk_ends, TimePoint now) {
  if (state_->lost || (bytes.empty() && chunk_ends.empty())) return;
  state_->add(Kind::read, bytes, now);
  state_->batch.entries.back().borders = static_cast<std::uint32_t>(chunk_ends.size());
  state_->batch.borders.insert(state_->batch.borders.end(), chunk_ends.begin(), chunk_ends.end());
  state_->received_size += bytes.size();
  state_->grown();
}

void Recording::add_body_end(TimePoint now) {
  state_->add(Kind::line, "\"type\":\"body_end\"", now);
  state_->grown();
}

void Recording::add_finding(const Finding& finding, TimePoint now) {
  state_->add(Kind::line, finding_members(finding), now);
  state_->grown();
}

void Recording::add_end(const Failure* failure, TimePoint now) {
  state_->add(Kind::line, end_members(failure), now);
  state_->grown();
}

void Recording::add_delivery(std::string_view first, std::string_view second, TimePoint now) {
  const std::size_t size = first.size() + second.size();
  if (state_->own) return add_own(std::string(first).append(second), now);
  const auto from = state_->position_of(first, second);
  if (from && !state_->lost) {
    state_->add(Kind::same, {}, now, *from);
    state_->batch.entries.back().size = static_cast<std::uint32_t>(size);
    state_->delivered_to = *from + size;
  } else {
    state_->add(Kind::changed, std::string(first).append(second), now);
    state_->delivered_to += size;
  }
  state_->grown();
}

void Recording::add_own(std::string_view bytes, TimePoint now) {
  state_->add(Kind::own, bytes, now);
  state_->grown();
}

void Recording::own_from_here() {
  if (state_) state_->own = true;
}

}  // namespace siltgate::observe
