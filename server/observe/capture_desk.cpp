// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_desk.hpp"

#include <algorithm>

#include "observe/capture_lines.hpp"
#include "observe/recording_state.hpp"

namespace siltgate::observe {
namespace {

WallTime wall_now() { return std::chrono::system_clock::now(); }

}  // namespace

bool worth_keeping(const ExchangeRecord& record) {
  const auto acted = [](const Finding& finding) { return finding.action >= Action::repair; };
  return record.failure || record.verdict.blame != Blame::intact || std::any_of(record.findings.begin(), record.findings.end(), acted);
}

void CaptureDesk::configure(const CaptureConfig& config, const std::string& folder, Secrets secrets, CaptureWriter::Report report) {
  config_ = config;
  secrets_ = std::move(secrets);
  if (folder.empty()) config_.mode = CaptureMode::off;
  if (config_.mode == CaptureMode::off && !writer_) return;
  report_ = report;
  if (!writer_) writer_ = std::make_unique<CaptureWriter>(folder, std::move(report));
  writer_->put(0, [config](CaptureStore& store) { store.configure(config.max_total, config.max_age, config.mode == CaptureMode::all, wall_now()); });
}

Recording CaptureDesk::begin(const ExchangeRecord& record, Secrets secrets) {
  if (!on()) return {};
  for (const std::string& secret : std::span<const std::string>(secrets_)) secrets.add(secret);
  auto state = std::make_unique<Recording::State>(*this, config_.mode, record.accepted);
  state->batch.subject = std::make_shared<const CaptureSubject>(CaptureSubject{next_++, record.id, record.started_at, std::move(secrets)});
  return Recording(std::move(state));
}

bool CaptureDesk::hand_over(CaptureBatch&& batch) {
  if (!writer_) return false;
  const std::size_t weight = batch.weight();
  auto shared = std::make_shared<CaptureBatch>(std::move(batch));   // std::function wants a copyable job
  if (writer_->put(weight, [shared](CaptureStore& store) { store.write(std::move(*shared), wall_now()); })) return true;
  if (const auto now = Clock::now(); said_ == TimePoint{} || now - said_ > std::chrono::minutes(1)) {
    report_(true, "a capture was given up: the disk takes less than comes; set capture.mode to rejected or off. Traffic goes on");
    said_ = now;
  }
  return false;
}

void CaptureDesk::finish(Recording&& recording, const ExchangeRecord& record) {
  auto state = std::move(recording.state_);
  if (!state) return;
  const bool keep = !state->lost && (state->mode == CaptureMode::all || worth_keeping(record));
  if (keep) state->hand_over();
  if (!state->on_disk || !writer_) return;
  auto copy = std::make_shared<ExchangeRecord>();
  if (keep) *copy = record;
  writer_->put(0, [subject = state->batch.subject, keep = keep && !state->lost, copy](CaptureStore& store) {
    store.finish(subject, keep, keep ? tail_members(*copy, subject->secrets) : std::string(), wall_now());
  });
}

void CaptureDesk::end() {
  config_.mode = CaptureMode::off;
  writer_.reset();
}

void CaptureDesk::sweep() {
  if (writer_) writer_->put(0, [](CaptureStore& store) { store.sweep(wall_now()); });
}

CaptureStatus CaptureDesk::status() const { return writer_ ? writer_->status() : CaptureStatus{}; }

}  // namespace siltgate::observe
