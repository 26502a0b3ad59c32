// SPDX-License-Identifier: Apache-2.0
// Finds the ends of JSON strings and containers without understanding what is in them, and goes on where the text has grown. Containers
// are read 64 bytes at a time as bit masks (after simdjson: Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019), so that
// a prompt full of quotes costs what a plain one costs. Neither size nor depth of hostile input matters. Does not validate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace siltgate::route {

/// Behind the quote that closes the string whose inside begins at `begin`, searched from `from` on; npos when it is not there.
/// A quote is escaped when an odd run of backslashes precedes it.
std::size_t string_end(std::string_view text, std::size_t begin, std::size_t from);

/// Walks from behind an opening bracket to behind the one that closes it. Whether brackets match in kind is not checked.
class ContainerScan {
 public:
  /// Behind the closing bracket, or npos: then the next call goes on at text.size() with the longer text.
  std::size_t end(std::string_view text, std::size_t from);

 private:
  enum class Seen { all, plain, unsure };  // plain: the inside of a string and nothing else
  Seen block(const char* bytes);
  std::size_t slowly(std::string_view text, std::size_t from, std::size_t to);

  std::uint64_t depth_ = 1;
  bool in_string_ = false, escaped_ = false;  // escaped_: the byte before was a backslash that counts
};

}  // namespace siltgate::route
