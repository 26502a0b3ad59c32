// SPDX-License-Identifier: Apache-2.0
// Completion scripts, made from the same tree that parses the command line.
#include <algorithm>

#include "base/shell_quote.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {
namespace {

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : std::string(between)) + word;
  return out;
}

std::vector<std::string> verbs_of(const std::vector<VerbInfo>& tree) {
  std::vector<std::string> out;
  for (const VerbInfo& verb : tree)
    if (!verb.name.empty()) out.push_back(verb.name);
  return out;
}

std::vector<std::string> flags_of(const VerbInfo& verb) {
  std::vector<std::string> out;
  for (const FlagInfo& flag : verb.flags) out.insert(out.end(), flag.names.begin(), flag.names.end());
  return out;
}

/// A description inside zsh's brackets.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (char c : inside_single_quotes(text)) out += c == '[' || c == ']' || c == ':' ? std::string("\\") + c : std::string(1, c);
  return out;
}

std::string bash_values(const std::vector<VerbInfo>& tree) {
  std::string out;
  for (const VerbInfo& verb : tree)
    for (const FlagInfo& flag : verb.flags) {
      if (flag.choices.empty() && !flag.takes_file) continue;
      out += "    " + join(flag.names, "|") + ") ";
      out += flag.takes_file ? "COMPREPLY=($(compgen -f -- \"$word\"))" : "COMPREPLY=($(compgen -W '" + join(flag.choices, " ") + "' -- \"$word\"))";
      out += "; return ;;\n";
    }
  return out;
}

std::string bash_script(const std::vector<VerbInfo>& tree) {
  std::string out =
      "# bash completion for siltgate\n"
      "_siltgate() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" verb='' each words\n"
      "  COMPREPLY=()\n"
      "  case \"$before\" in\n" + bash_values(tree) + "  esac\n"
      "  for each in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$each\" in " + join(verbs_of(tree), "|") + ") verb=\"$each\"; break ;; esac\n"
      "  done\n"
      "  words='" + join(flags_of(tree.front()), " ") + "'\n"
      "  case \"$verb\" in\n"
      "    '') words=\"$words " + join(verbs_of(tree), " ") + "\" ;;\n";
  for (const VerbInfo& verb : tree)
    if (!verb.name.empty())
      out += "    " + verb.name + ") words=\"$words " + join(flags_of(verb), " ") + " " + join(verb.choices, " ") + "\" ;;\n";
  return out +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _siltgate siltgate\n";
}

std::string zsh_flag(const FlagInfo& flag) {
  const std::string text = "[" + zsh_text(flag.description) + "]";
  std::string value;
  if (flag.takes_file) value = ":file:_files";
  else if (!flag.choices.empty()) value = ":value:(" + join(flag.choices, " ") + ")";
  else if (flag.takes_value) value = ":value: ";
  std::string out;
  for (const std::string& name : flag.names) out += " \\\n        '*" + name + text + value + "'";
  return out;
}

std::string zsh_script(const std::vector<VerbInfo>& tree) {
  std::string global, cases, verbs;
  for (const FlagInfo& flag : tree.front().flags) global += zsh_flag(flag);
  for (const VerbInfo& verb : tree) {
    if (verb.name.empty()) continue;
    verbs += "    '" + verb.name + ":" + inside_single_quotes(verb.description) + "'\n";
    cases += "    " + verb.name + ")\n      _arguments";
    for (const FlagInfo& flag : verb.flags) cases += zsh_flag(flag);
    if (!verb.choices.empty()) cases += " \\\n        '1:value:(" + join(verb.choices, " ") + ")'";
    cases += global + " ;;\n";
  }
  return "#compdef siltgate\n"
         "_siltgate() {\n"
         "  local -a verbs\n"
         "  verbs=(\n" + verbs + "  )\n"
         "  local context state line\n"
         "  _arguments -C" + global + " \\\n        '1:verb:->verb' '*::argument:->argument'\n"
         "  case $state in\n"
         "  verb) _describe verb verbs ;;\n"
         "  argument)\n"
         "    case $line[1] in\n" + cases + "    esac ;;\n"
         "  esac\n"
         "}\n"
         "if [ \"$funcstack[1]\" = _siltgate ]; then _siltgate \"$@\"; else compdef _siltgate siltgate; fi\n";
}

std::string fish_flag(const FlagInfo& flag, const std::string& condition) {
  std::string out = "complete -c siltgate" + condition;
  for (const std::string& name : flag.names) out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!flag.choices.empty()) out += " -x -a '" + join(flag.choices, " ") + "'";
  else if (flag.takes_file) out += " -r -F";
  else if (flag.takes_value) out += " -x";
  return out + " -d '" + inside_single_quotes(flag.description) + "'\n";
}

std::string fish_script(const std::vector<VerbInfo>& tree) {
  std::string out = "# fish completion for siltgate\ncomplete -c siltgate -f\n";
  for (const FlagInfo& flag : tree.front().flags) out += fish_flag(flag, "");
  const std::string any = join(verbs_of(tree), " ");
  for (const VerbInfo& verb : tree) {
    if (verb.name.empty()) continue;
    out += "complete -c siltgate -n 'not __fish_seen_subcommand_from " + any + "' -a " + verb.name + " -d '" + inside_single_quotes(verb.description) + "'\n";
    const std::string seen = " -n '__fish_seen_subcommand_from " + verb.name + "'";
    for (const FlagInfo& flag : verb.flags)
      if (flag.names != std::vector<std::string>{"-h", "--help"}) out += fish_flag(flag, seen);
    if (!verb.choices.empty()) out += "complete -c siltgate" + seen + " -a '" + join(verb.choices, " ") + "'\n";
  }
  return out;
}

}  // namespace

int completion(const Command& command, const Io& io) {
  const std::vector<VerbInfo> tree = command_tree();
  if (command.shell == "bash") io.out << bash_script(tree);
  if (command.shell == "zsh") io.out << zsh_script(tree);
  if (command.shell == "fish") io.out << fish_script(tree);
  return exit_ok;
}

}  // namespace siltgate::cli
