// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_encoder.hpp"

#include <fmt/format.h>

#include "observe/base64.hpp"

namespace siltgate::observe {
namespace {

using Kind = CaptureEntry::Kind;

std::string_view type_of(Kind kind) {
  switch (kind) {
    case Kind::request: return "request_body";
    case Kind::read: return "read";
    default: return "delivery";
  }
}

}  // namespace

CaptureEncoder::CaptureEncoder(std::shared_ptr<const CaptureSubject> subject)
    : subject_(std::move(subject)), mask_(subject_->secrets) {}

std::string CaptureEncoder::add(CaptureBatch&& batch) {
  waiting_.entries.insert(waiting_.entries.end(), batch.entries.begin(), batch.entries.end());
  waiting_.borders.insert(waiting_.borders.end(), batch.borders.begin(), batch.borders.end());
  waiting_.other += batch.other;
  waiting_.received += batch.received;
  masked_ += mask_.apply(waiting_.received);
  const std::size_t back = mask_.hold_back();
  return emit(waiting_.received.size() > back ? waiting_.received.size() - back : 0);
}

std::string CaptureEncoder::finish() {
  masked_ += mask_.apply_end(waiting_.received);
  return emit(waiting_.received.size());
}

/// Everything up to the first read that goes beyond `certain` bytes.
std::string CaptureEncoder::emit(std::size_t certain) {
  std::string out;
  std::size_t done = 0;
  for (; done < waiting_.entries.size(); ++done) {
    const CaptureEntry& entry = waiting_.entries[done];
    if (entry.kind == Kind::read && received_at_ + entry.size > certain) break;
    spell(entry, out);
  }
  waiting_.entries.erase(waiting_.entries.begin(), waiting_.entries.begin() + static_cast<std::ptrdiff_t>(done));
  waiting_.borders.erase(waiting_.borders.begin(), waiting_.borders.begin() + static_cast<std::ptrdiff_t>(border_at_));
  waiting_.received.erase(0, received_at_);
  waiting_.other.erase(0, other_at_);
  waiting_.entries.shrink_to_fit();   // it may wait for long
  waiting_.borders.shrink_to_fit();
  waiting_.received.shrink_to_fit();
  waiting_.other.shrink_to_fit();
  mask_.taken(received_at_);
  received_at_ = other_at_ = border_at_ = 0;
  return out;
}

std::string CaptureEncoder::take_other(std::size_t size) {
  const std::string_view raw = std::string_view(waiting_.other).substr(other_at_, size);
  other_at_ += size;
  std::string out(raw);
  BodyMask once(subject_->secrets);
  masked_ += once.apply(out);
  return out;
}

void CaptureEncoder::spell(const CaptureEntry& entry, std::string& out) {
  if (entry.kind == Kind::line) {
    out += fmt::format("{{{},\"ns\":{},\"attempt\":{}}}\n", take_other(entry.size), entry.ns, entry.attempt);
    return;
  }
  out += fmt::format("{{\"type\":\"{}\",\"ns\":{},\"attempt\":{},", type_of(entry.kind), entry.ns, entry.attempt);
  if (entry.kind == Kind::own) out += "\"own\":true,";
  if (entry.kind == Kind::same) {
    out += fmt::format("\"from\":{},\"size\":{}}}\n", entry.from, entry.size);
    return;
  }
  out += "\"bytes\":\"";
  if (entry.kind == Kind::read) {
    append_base64(out, std::string_view(waiting_.received).substr(received_at_, entry.size));
    received_at_ += entry.size;
  } else {
    append_base64(out, take_other(entry.size));
  }
  out += '"';
  for (std::uint32_t i = 0; i < entry.borders; ++i)
    out += fmt::format("{}{}", i == 0 ? ",\"chunks\":[" : ",", waiting_.borders[border_at_++]);
  out += entry.borders > 0 ? "]}\n" : "}\n";
}

}  // namespace siltgate::observe
