// SPDX-License-Identifier: Apache-2.0
// The records of a capture as text: JSON Lines, described in docs/captures.md. Pure. capture_reader.hpp reads them back.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/finding.hpp"
#include "base/result.hpp"
#include "observe/record.hpp"

namespace siltgate::observe {

inline constexpr int capture_format = 1;

/// Members of the head record: what was asked, of whom. `head` is the request head as the client sent it.
std::string request_members(const ExchangeRecord& record, std::string_view head, std::string_view url);
/// Members of a record of type "response" (upstream's) or "reply" (to the client), from the head as it was on the wire.
std::string head_members(std::string_view type, std::string_view head);
std::string finding_members(const Finding& finding);
/// How an attempt ended: "complete", or the cause of `failure`; `closed_by_siltgate` when that ended the reading.
std::string end_members(const Failure* failure);
/// Members of the tail but `complete` and `masked`.
std::string tail_members(const ExchangeRecord& record, std::span<const std::string> secrets);

}  // namespace siltgate::observe
