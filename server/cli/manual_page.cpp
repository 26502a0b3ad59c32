// SPDX-License-Identifier: Apache-2.0
// siltgate(1), made from the tree that parses the command line and the texts of its help.
#include "cli/manual_page.hpp"

#include "base/roff.hpp"
#include "cli/command_line.hpp"
#include "cli/manual.hpp"

namespace siltgate::cli {
namespace {

std::string flag_tag(const FlagInfo& flag) {
  std::string out = ".B ";
  for (std::size_t i = 0; i < flag.names.size(); ++i) out += (i == 0 ? "" : ", ") + roff(flag.names[i]);
  if (!flag.value.empty()) out += " " + roff(flag.value);
  return out;
}

std::string flags_text(const VerbInfo& verb) {
  std::string out;
  for (const FlagInfo& flag : verb.flags)
    if (flag.names.back() != "--help") out += roff_item(flag_tag(flag), flag.description);
  return out;
}

/// Paragraphs flow; what is indented stays as it is. `behind_text`: not the first thing below a heading.
std::string prose(std::string_view text, bool behind_text) {
  std::string out, block, paragraph;
  const auto flush = [&] {
    if ((!paragraph.empty() || !block.empty()) && (!out.empty() || behind_text)) out += ".PP\n";
    if (!paragraph.empty()) out += roff_prose(paragraph) + "\n";
    if (!block.empty()) out += roff_block(block);
    paragraph.clear(), block.clear();
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const bool indented = line.starts_with(' ');
    if (line.empty() || (indented && !paragraph.empty()) || (!indented && !block.empty())) flush();
    if (line.empty()) continue;
    if (indented) block += line + "\n";
    else paragraph += (paragraph.empty() ? "" : "\n") + line;
  }
  flush();
  return out;
}

std::string verb_text(const VerbInfo& verb) {
  const std::string tag = verb.name + (verb.argument.empty() ? "" : " " + verb.argument);
  std::string out = ".SS " + roff(tag) + "\n" + roff_prose(verb.description + ".") + "\n";
  if (!verb.argument.empty()) out += roff_item(".I " + roff(verb.argument), verb.argument_description);
  return out + flags_text(verb) + prose(verb.manual, true);
}

/// The end of the help has its own headings: "Examples:", "Environment (…):", "Exit codes:".
std::string end_text() {
  std::string out;
  std::string_view text = manual_end;
  std::string body;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const bool heading = !line.empty() && line.front() != ' ' && line.ends_with(':') && line.find(',') == std::string_view::npos;
    if (!heading && !line.starts_with("Environment (")) {
      body += std::string(line) + "\n";
      continue;
    }
    out += prose(body, false);
    body.clear();
    std::string title;
    for (char c : line.substr(0, line.find_first_of(":("))) title += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    while (title.ends_with(' ')) title.pop_back();
    out += ".SH " + title + "\n";
  }
  return out + prose(body, false);
}

}  // namespace

std::string manual_page_text() {
  const auto tree = command_tree();
  std::string out = ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" Generated from the command line's own tables; do not edit.\n";
  out += ".TH SILTGATE 1 " + std::string(manual_date) + " \"siltgate " SILTGATE_VERSION "\" \"User Commands\"\n";
  out += ".SH NAME\nsiltgate \\- a proxy between coding agents and LLM providers\n";
  out += ".SH SYNOPSIS\n.B siltgate\n[\\fIflags\\fR] [\\fIverb\\fR] [\\fIflags of the verb\\fR]\n";
  out += ".SH DESCRIPTION\n" + roff_prose(manual_intro) + "\n";
  out += ".SH FLAGS\n" + flags_text(tree.front());
  out += ".SH VERBS\n";
  for (const VerbInfo& verb : tree)
    if (!verb.name.empty()) out += verb_text(verb);
  out += end_text();
  out += ".SH FILES\n" + roff_item(".I " + roff("~/.config/siltgate/siltgate.jsonc"), "the configuration of one user");
  out += roff_item(".I " + roff("/etc/siltgate/siltgate.jsonc"), "the configuration of the system service");
  return out + ".SH SEE ALSO\n.BR siltgate.jsonc (5)\n";
}

}  // namespace siltgate::cli
