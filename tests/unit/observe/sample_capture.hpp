// SPDX-License-Identifier: Apache-2.0
// Captures made without a disk: batches put together by hand, spelt by the encoder, read back by the reader.
#pragma once

#include <string>
#include <vector>

#include "observe/capture_encoder.hpp"
#include "observe/capture_lines.hpp"
#include "observe/capture_reader.hpp"
#include "unit/observe/sample_record.hpp"

namespace siltgate::observe {

class CaptureMaker {
 public:
  explicit CaptureMaker(Secrets secrets = {})
      : subject_(std::make_shared<CaptureSubject>(CaptureSubject{1, "sg_abcdefghij", WallTime(std::chrono::seconds(1'790'000'000)), std::move(secrets)})),
        encoder_(subject_) {
    batch_.subject = subject_;
  }

  void line(const std::string& members) { put(CaptureEntry::Kind::line, members); }
  void request_body(const std::string& body) { put(CaptureEntry::Kind::request, body); }
  void read(std::string_view bytes, std::vector<std::uint32_t> chunk_ends = {}) {
    batch_.received += bytes;
    add(CaptureEntry::Kind::read, bytes.size());
    batch_.entries.back().borders = static_cast<std::uint32_t>(chunk_ends.size());
    batch_.borders.insert(batch_.borders.end(), chunk_ends.begin(), chunk_ends.end());
  }
  void delivered_again(std::uint64_t from, std::size_t size) {
    add(CaptureEntry::Kind::same, size);
    batch_.entries.back().from = from;
  }
  void changed(std::string_view bytes) { put(CaptureEntry::Kind::changed, bytes); }
  void own(std::string_view bytes) { put(CaptureEntry::Kind::own, bytes); }
  void attempt(int number) { attempt_ = number; }
  /// What was put so far goes to the encoder as one batch.
  void hand_over() {
    text_ += encoder_.add(std::exchange(batch_, {}));
    batch_.subject = subject_;
  }
  std::string text() {
    hand_over();
    text_ += encoder_.finish();
    return text_;
  }
  std::uint64_t masked() const { return encoder_.masked(); }

  void head(const ExchangeRecord& record = sound_record()) {
    line(request_members(record, "POST /v1/chat/completions\r\nAuthorization: Bearer sk-abc\r\nContent-Type: application/json\r\n", "https://api.z.ai/v4/chat/completions"));
  }
  void response(std::string_view fields = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n") {
    line(head_members("response", "HTTP/1.1 200 OK\r\n" + std::string(fields)));
  }
  void tail(const ExchangeRecord& record) { text_tail_ = "{\"type\":\"tail\",\"complete\":true,\"masked\":0," + tail_members(record, {}) + "}\n"; }
  Capture read_back() { return read_capture(text() + text_tail_).value(); }

 private:
  void add(CaptureEntry::Kind kind, std::size_t size) {
    CaptureEntry entry;
    entry.kind = kind;
    entry.attempt = attempt_;
    entry.size = static_cast<std::uint32_t>(size);
    entry.ns = (now_ += 1'000'000);
    batch_.entries.push_back(entry);
  }
  void put(CaptureEntry::Kind kind, std::string_view bytes) {
    batch_.other += bytes;
    add(kind, bytes.size());
  }

  std::shared_ptr<const CaptureSubject> subject_;
  CaptureEncoder encoder_;
  CaptureBatch batch_;
  std::string text_, text_tail_;
  int attempt_ = 1;
  std::int64_t now_ = 0;
};

}  // namespace siltgate::observe
