// SPDX-License-Identifier: Apache-2.0
#include "cli/io.hpp"

namespace siltgate::cli {

bool colour_wanted(const Io& io, std::string_view color_flag, bool is_terminal) {
  if (color_flag != "auto") return color_flag == "always";
  if (!io.env("NO_COLOR").value_or("").empty()) return false;
  return is_terminal && io.env("TERM").value_or("") != "dumb";
}

int complain(const Io& io, const Command& command, std::string_view sentence, int exit) {
  const bool colour = colour_wanted(io, command.global.color, io.err_is_terminal);
  io.err << (colour ? "\033[31msiltgate:\033[0m " : "siltgate: ") << sentence;
  if (sentence.empty() || sentence.back() != '\n') io.err << '\n';
  return exit;
}

void say(const Io& io, const Command& command, std::string_view sentence) {
  if (!command.global.quiet) io.err << sentence << '\n';
}

}  // namespace siltgate::cli
