// SPDX-License-Identifier: Apache-2.0
// Wall time as text (ISO 8601, UTC) and back, without the C library's time zone state.
#include <charconv>
#include <cstdint>

#include "observe/record_json.hpp"

namespace siltgate::observe {
namespace {

bool number(std::string_view text, std::size_t at, std::size_t size, int& out) {
  const char* const end = text.data() + at + size;
  auto [next, error] = std::from_chars(text.data() + at, end, out);
  return error == std::errc{} && next == end && out >= 0;
}

void put_digits(std::string& out, std::size_t at, std::size_t size, std::int64_t value) {
  for (std::size_t i = size; i-- > 0; value /= 10) out[at + i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string iso8601(WallTime time) {
  using namespace std::chrono;
  const auto in_ms = floor<milliseconds>(time.time_since_epoch());
  const auto midnight = floor<days>(in_ms);
  const year_month_day date{sys_days(midnight)};
  const hh_mm_ss clock{in_ms - midnight};
  std::string out = "0000-00-00T00:00:00.000Z";
  put_digits(out, 0, 4, static_cast<int>(date.year()));
  put_digits(out, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(out, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(out, 11, 2, clock.hours().count());
  put_digits(out, 14, 2, clock.minutes().count());
  put_digits(out, 17, 2, clock.seconds().count());
  put_digits(out, 20, 3, clock.subseconds().count());
  return out;
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, fraction = 0;
  const bool with_fraction = text.size() == 24;
  if (!with_fraction && text.size() != 20) return {};
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text.back() != 'Z')
    return {};
  if (!number(text, 0, 4, y) || !number(text, 5, 2, mo) || !number(text, 8, 2, d) || !number(text, 11, 2, h) ||
      !number(text, 14, 2, mi) || !number(text, 17, 2, s))
    return {};
  if (with_fraction && (text[19] != '.' || !number(text, 20, 3, fraction))) return {};
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return {};
  return WallTime(sys_days(date) + hours(h) + minutes(mi) + seconds(s) + milliseconds(fraction));
}

}  // namespace siltgate::observe
