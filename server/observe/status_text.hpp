// SPDX-License-Identifier: Apache-2.0
// `siltgate status` for people: a table per key, and one line for a status bar. Pure: a State in, text out.
#pragma once

#include <string>

#include "observe/state.hpp"

namespace siltgate::observe {

/// Several lines, each ended by LF: the instance, warnings (draining, refused reload, bottleneck), one row per key, what is
/// under way, who waits. Columns: KEY MODEL IN FLIGHT WAITING OLDEST REFUSED DAMAGED TTFT p50/p95 TOK/S.
std::string status_table(const State& state, bool colour);

/// "siltgate 2/3 in flight, 1 waiting 12s, 3 refused, 0 damaged" — one line without LF.
std::string status_line(const State& state);

/// 950ms, 12s, 4m10s, 2h05m, 3d4h: at most two units.
std::string short_duration(Duration duration);

}  // namespace siltgate::observe
