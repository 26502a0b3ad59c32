// SPDX-License-Identifier: Apache-2.0
#include "observe/hexdump.hpp"

#include <fmt/format.h>

namespace siltgate::observe {
namespace {

constexpr std::uint64_t row_size = 16;
constexpr std::size_t first_column = 10;  // behind the offset and two spaces

std::size_t column(std::uint64_t in_row) { return first_column + 3 * in_row + (in_row >= 8 ? 1 : 0); }

/// One row; `row` is a multiple of 16, bytes outside of the excerpt stay blank.
std::string dump_row(std::string_view bytes, std::uint64_t offset, std::uint64_t row) {
  std::string line = fmt::format("{:08x}  ", row);
  std::string text;
  for (std::uint64_t i = 0; i < row_size; ++i) {
    const std::uint64_t at = row + i;
    const bool inside = at >= offset && at - offset < bytes.size();
    if (i == 8) line += ' ';
    line += inside ? fmt::format("{:02x} ", static_cast<unsigned char>(bytes[at - offset])) : "   ";
    text += inside ? printable(bytes.substr(at - offset, 1)) : " ";
  }
  return line + " |" + text + "|\n";
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out(bytes);
  for (char& c : out)
    if (c < 0x20 || c == 0x7f || static_cast<unsigned char>(c) > 0x7f) c = '.';
  return out;
}

std::string hex_bytes(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{}{:02x}", out.empty() ? "" : " ", static_cast<unsigned char>(c));
  return out;
}

std::string hexdump(std::string_view bytes, std::uint64_t offset, std::optional<std::uint64_t> fault) {
  std::string out;
  const std::uint64_t end = offset + bytes.size();
  if (fault && (*fault < offset || *fault > end)) fault.reset();
  if (bytes.empty() && !fault) return out;
  for (std::uint64_t row = offset - offset % row_size; row < end || (fault && row <= *fault); row += row_size) {
    out += dump_row(bytes, offset, row);
    if (fault && *fault >= row && *fault - row < row_size) out += std::string(column(*fault - row), ' ') + "^^\n";
  }
  return out;
}

}  // namespace siltgate::observe
