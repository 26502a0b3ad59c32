// SPDX-License-Identifier: Apache-2.0
// The recording of one exchange while it runs, on the event thread: bytes are copied and nothing else. A default one is off
// and does nothing. What it holds is bounded (capture_desk.hpp); it never touches the disk.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.hpp"
#include "base/result.hpp"
#include "observe/capture_batch.hpp"
#include "observe/record.hpp"

namespace siltgate::observe {

class CaptureDesk;

class Recording {
 public:
  Recording();   // off
  ~Recording();
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;

  bool on() const { return state_ != nullptr; }
  /// Request bodies are wanted too (mode `all`).
  bool wants_request() const;

  /// `head`: the request as the client sent it; `url`: where it goes. Its body only where wants_request().
  void request(const ExchangeRecord& record, std::string_view head, std::string_view url, std::string_view body);
  /// What is read and found from here on belongs to this attempt.
  void attempt(int number) { if (state_) begin_attempt(number); }
  void response(std::string_view head, TimePoint now) { if (state_) add_head("response", head, now); }
  /// The body bytes of one upstream read, without transfer coding. `chunk_ends`: where chunks ended in them.
  void read(std::string_view bytes, const std::vector<std::uint32_t>& chunk_ends, TimePoint now) { if (state_) add_read(bytes, chunk_ends, now); }
  /// The transport says that the body is complete.
  void body_ended(TimePoint now) { if (state_) add_body_end(now); }
  void finding(const Finding& finding, TimePoint now) { if (state_) add_finding(finding, now); }
  void attempt_ended(const Failure* failure, TimePoint now) { if (state_) add_end(failure, now); }
  void reply(std::string_view head, TimePoint now) { if (state_) add_head("reply", head, now); }
  /// One write to the client; `second` follows `first`.
  void delivered(std::string_view first, std::string_view second, TimePoint now) { if (state_ && first.size() + second.size() > 0) add_delivery(first, second, now); }
  /// A write that siltgate made up itself.
  void own(std::string_view bytes, TimePoint now) { if (state_) add_own(bytes, now); }
  /// Every later write is siltgate's own: its last words.
  void own_from_here();

 private:
  friend class CaptureDesk;
  struct State;
  explicit Recording(std::unique_ptr<State> state);
  void begin_attempt(int number);
  void add_head(std::string_view type, std::string_view head, TimePoint now);
  void add_read(std::string_view bytes, const std::vector<std::uint32_t>& chunk_ends, TimePoint now);
  void add_body_end(TimePoint now);
  void add_finding(const Finding& finding, TimePoint now);
  void add_end(const Failure* failure, TimePoint now);
  void add_delivery(std::string_view first, std::string_view second, TimePoint now);
  void add_own(std::string_view bytes, TimePoint now);

  std::unique_ptr<State> state_;
};

}  // namespace siltgate::observe
