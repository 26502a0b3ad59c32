// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>

#include "base/units.hpp"
#include "base/url.hpp"
#include "cli/exit_code.hpp"
#include "cli/manual.hpp"
#include "settings/suggest.hpp"
#include "setup/plan.hpp"

namespace siltgate::cli {
namespace {

const std::vector<std::string> color_words{"auto", "always", "never"};
const std::vector<std::string> capture_words{"off", "rejected", "all"};
const std::vector<std::string> format_words{"text", "json"};
const std::vector<std::string> verdict_words{"intact", "provider", "network", "client", "siltgate", "unknown"};
const std::vector<std::string> shell_words{"bash", "zsh", "fish"};
const std::vector<std::string> action_words{"install", "uninstall", "start", "stop", "status", "logs"};
constexpr std::array<const char*, 17> verb_names{"run",    "check",  "config", "status", "log",     "why",    "show", "export",   "replay",
                                                 "doctor", "setup",  "service", "reload", "stop", "selftest", "completion", "version"};

constexpr std::string_view global_remark = "\nGlobal flags work here too: siltgate --help.";

struct Tree {
  CLI::App app{manual_intro, "siltgate"};
  Command command;
  std::optional<std::string> color;
  bool version = false;
  CLI::Option* init = nullptr;
  CLI::Option* hex = nullptr;
  CLI::Option* show_id = nullptr;
};

void add_global_flags(Tree& tree) {
  CLI::App& app = tree.app;
  GlobalFlags& global = tree.command.global;
  app.add_option("-c,--config", global.config, "configuration file (JSONC)")->type_name("FILE");
  app.add_option("--upstream", global.upstream, "provider's base URL, repeatable as NAME=URL; \"demo:\" is built in")
      ->type_name("URL")->allow_extra_args(false);
  app.add_option("--listen", global.listen, "address to listen on, repeatable [127.0.0.1:4290]; selects the instance")
      ->type_name("ADDR")->allow_extra_args(false);
  app.add_option("--concurrency", global.concurrency, "requests in flight per key and model, or auto")->type_name("N|auto");
  app.add_option("--capture", global.capture, "record exchanges: off, rejected (default), all")->type_name("MODE");
  app.add_flag("--debug", global.debug, "log at level debug and dump every rejected event");
  app.add_option("--log-format", global.log_format, "text or json")->type_name("FORMAT");
  app.add_option("--color", tree.color, "colour on a terminal: auto, always, never")->type_name("WHEN");
  app.add_flag("-q,--quiet", global.quiet, "no talk on standard error but errors");
  app.add_flag("--version", tree.version, "print the version");
}

CLI::App* add_verb(Tree& tree, Verb verb, const char* description, const char* manual = "") {
  CLI::App* sub = tree.app.add_subcommand(verb_names[static_cast<std::size_t>(verb)], description);
  sub->group("Verbs");
  sub->fallthrough();
  sub->footer(manual + std::string(global_remark));
  return sub;
}

void add_capture_verbs(Tree& tree) {
  Command& command = tree.command;
  CLI::App* show = add_verb(tree, Verb::show, "the recording of one exchange", manual_show);
  tree.show_id = show->add_option("id", command.id, "exchange, file of a capture, or \"last\"")->type_name("ID");
  show->add_flag("--events", command.events, "its events: time, offset, size, what the checks said");
  tree.hex = show->add_option("--hex", command.hex_word, "hex and text around the fault, or of event N")->expected(0, 1)->type_name("[N]");
  show->add_flag("--chat", command.chat, "reasoning, text and tool calls, put together");
  show->add_flag("--raw", command.raw, "the received bytes, exactly");
  show->add_flag("--headers", command.headers, "all heads, credentials replaced");
  show->add_flag("--diff", command.diff, "received against delivered");
  show->add_option("--attempt", command.attempt, "not the last attempt but this one")->type_name("N");
  CLI::App* exported = add_verb(tree, Verb::export_capture, "a recording for other programs or for a ticket", manual_export);
  exported->add_option("id", command.id, "exchange, file of a capture, or \"last\"")->type_name("ID");
  exported->add_flag("--har", command.har, "HTTP archive (HAR 1.2)");
  exported->add_flag("--curl", command.curl, "the request as a curl command");
  exported->add_flag("--bundle", command.bundle, "verdict, evidence, heads, bytes around the fault: one page for a ticket");
  CLI::App* replay = add_verb(tree, Verb::replay, "serve recorded bytes to a client, as the provider sent them", manual_replay);
  replay->add_option("id", command.id, "exchange, file of a capture, or \"last\"")->type_name("CAPTURE");
  replay->add_option("--attempt", command.attempt, "not the last attempt but this one")->type_name("N");
  replay->add_flag("--once", command.once, "end after one answer");
  replay->add_flag("--fast", command.fast, "without the original pauses");
}

/// Those that look after the installation.
void add_operating_verbs(Tree& tree) {
  Command& command = tree.command;
  CLI::App* doctor = add_verb(tree, Verb::doctor, "what stands between client, siltgate and provider, with remedies", manual_doctor);
  doctor->add_flag("--probe", command.probe, "spend one tiny request");
  doctor->add_option("--model", command.model, "the model --probe asks")->type_name("NAME");
  doctor->add_option("--client", command.client, "look at this client's configuration too: opencode")->type_name("CLIENT");
  doctor->add_flag("--from-guest", command.from_guest, "what virtual machines and containers need to reach siltgate");
  doctor->add_flag("--bundle", command.bundle, "a redacted report for a ticket");
  doctor->add_flag("--json", command.json, "the findings as JSON");
  CLI::App* setup = add_verb(tree, Verb::setup, "point a client at siltgate", manual_setup);
  setup->add_option("client", command.client, "opencode, claude-code, codex, aider or cline")->type_name("CLIENT");
  setup->add_flag("--write", command.write, "change the client's file; the text before is kept beside it");
  setup->add_flag("--undo", command.undo, "put back what stood there before --write");
  setup->add_option("--provider", command.providers, "this provider of the client, repeatable")->type_name("NAME")->allow_extra_args(false);
  setup->add_option("--base-url", command.base_url, "siltgate's base URL, when it is not the one that is found")->type_name("URL");
  setup->add_option("--file", command.file, "another file than the client's usual one")->type_name("FILE");
  CLI::App* service = add_verb(tree, Verb::service, "run siltgate as a service: systemd or launchd", manual_service);
  service->add_option("action", command.action, "install, uninstall, start, stop, status or logs")->type_name("ACTION");
  service->add_flag("--user", command.user, "for you alone (the default, except for root)");
  service->add_flag("--system", command.system, "for the whole machine");
  service->add_flag("--dry-run", command.dry_run, "print what would be done");
  service->add_flag("-f,--follow", command.follow, "logs: go on with new lines");
}

void add_verbs(Tree& tree) {
  Command& command = tree.command;
  add_verb(tree, Verb::run, "run the server in the foreground (the default)", manual_run);
  add_verb(tree, Verb::check, "try the configuration, its secrets and its addresses; no traffic", manual_check);
  CLI::App* config = add_verb(tree, Verb::config, "write, explain or describe the configuration", manual_config);
  tree.init = config->add_option("--init", command.init_file, "write a commented file (or to standard output)")
                  ->expected(0, 1)->type_name("[FILE]");
  config->add_flag("--effective", command.effective, "what is in force and where each value came from");
  config->add_flag("--schema", command.schema, "the JSON Schema");
  CLI::App* status = add_verb(tree, Verb::status, "what the running siltgate does", manual_status);
  status->add_flag("-w,--watch", command.watch, "again every second");
  status->add_flag("--line", command.line, "one line, for a status bar");
  status->add_flag("--json", command.json, "the whole state as JSON");
  CLI::App* log = add_verb(tree, Verb::log, "recent exchanges", manual_log);
  log->add_flag("-f,--follow", command.follow, "go on with new ones");
  log->add_option("--verdict", command.verdict, "only this verdict")->type_name("VERDICT");
  log->add_option("--since", command.since, "only the last 10m, 2h …")->type_name("TIME");
  log->add_option("-n,--count", command.count, "at most so many [20]")->type_name("N");
  log->add_flag("--json", command.json, "one JSON record per line");
  CLI::App* why = add_verb(tree, Verb::why, "the verdict of one exchange, with its evidence", manual_why);
  why->add_option("id", command.id, "exchange, or \"last\"")->type_name("ID");
  why->add_flag("--json", command.json, "the record as JSON");
  add_capture_verbs(tree);
  add_operating_verbs(tree);
  add_verb(tree, Verb::reload, "make the running siltgate read its configuration again", manual_reload);
  add_verb(tree, Verb::stop, "make the running siltgate drain and stop", manual_stop);
  add_verb(tree, Verb::selftest, "demo provider and own client: a table of verdicts", manual_selftest);
  CLI::App* completion = add_verb(tree, Verb::completion, "completion script for a shell", manual_completion);
  completion->add_option("shell", command.shell, "bash, zsh or fish")->type_name("SHELL");
  add_verb(tree, Verb::version, "print the version");
}

void build(Tree& tree) {
  CLI::App& app = tree.app;
  app.get_formatter()->column_width(30);
  app.get_formatter()->label("SUBCOMMAND", "verb");
  app.require_subcommand(0, 1);
  app.allow_extras();
  app.footer(manual_end);
  add_global_flags(tree);
  add_verbs(tree);
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
    for (const std::string& name : option->get_snames()) out.push_back("-" + name);
  }
  return out;
}

/// `; did you mean "X"?` or "".
std::string suggestion(std::string_view word, const std::vector<std::string>& words) {
  if (word.size() > 2)   // the beginning of a word is meant as that word
    for (const std::string& each : words)
      if (each.starts_with(word)) return "; did you mean \"" + each + "\"?";
  const std::string question = settings::did_you_mean(word, words);
  return question.empty() ? "" : ";" + question;
}

/// The sentence about the first argument that nothing took.
std::string about_extra(const Tree& tree, const std::string& word) {
  const auto verbs = tree.app.get_subcommands();
  if (word.size() > 1 && word.front() == '-') {
    std::vector<std::string> known = names_of(tree.app);
    for (const CLI::App* verb : verbs)
      for (std::string& name : names_of(*verb)) known.push_back(std::move(name));
    const std::string name = word.substr(0, word.find('='));
    return "unknown flag \"" + name + "\"" + suggestion(name, known);
  }
  if (!verbs.empty()) return "unexpected argument \"" + word + "\" after \"" + verbs.front()->get_name() + "\"";
  return "unknown verb \"" + word + "\"" + suggestion(word, {verb_names.begin(), verb_names.end()});
}

std::string about_choice(const std::string& what, const std::string& value, const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), value) != words.end()) return {};
  if (value.empty()) return what + " is missing: " + settings::quoted_list(words, " or ");
  return what + " is " + settings::quoted_list(words, " or ") + ", not \"" + value + "\"" + suggestion(value, words);
}

std::string about_concurrency(const std::string& value) {
  const bool digits = !value.empty() && value.size() < 6 && value.find_first_not_of("0123456789") == std::string::npos;
  if (value == "auto" || (digits && std::stoi(value) > 0)) return {};
  return "--concurrency is a number from 1 on or \"auto\", not \"" + value + "\"";
}

void about_operating_verbs(const Command& command, std::vector<std::string>& faults) {
  if (command.verb == Verb::doctor && !command.client.empty()) faults.push_back(about_choice("--client", command.client, {"opencode"}));
  if (command.verb == Verb::doctor && command.json && command.bundle) faults.push_back("doctor takes one of --json and --bundle");
  if (command.verb == Verb::setup) {
    faults.push_back(about_choice("the client", command.client, setup::client_names()));
    if (command.write && command.undo) faults.push_back("setup takes one of --write and --undo");
    if (!command.base_url.empty() && !parse_url(command.base_url)) faults.push_back("--base-url is a URL such as http://127.0.0.1:4290/v1, not \"" + command.base_url + "\"");
  }
  if (command.verb != Verb::service) return;
  faults.push_back(about_choice("the action", command.action, action_words));
  if (command.user && command.system) faults.push_back("service takes one of --user and --system");
}

/// Every value that can be judged without reading a file; "" when all are sound.
std::string about_values(const Command& command) {
  const GlobalFlags& global = command.global;
  std::vector<std::string> faults{about_choice("--color", global.color, color_words)};
  if (global.capture) faults.push_back(about_choice("--capture", *global.capture, capture_words));
  if (global.log_format) faults.push_back(about_choice("--log-format", *global.log_format, format_words));
  if (global.concurrency) faults.push_back(about_concurrency(*global.concurrency));
  if (!command.verdict.empty()) faults.push_back(about_choice("--verdict", command.verdict, verdict_words));
  if (command.verb == Verb::completion) faults.push_back(about_choice("the shell", command.shell, shell_words));
  about_operating_verbs(command, faults);
  if (!command.since.empty() && !parse_duration(command.since))
    faults.push_back("--since is a time such as 30s, 10m or 2h, not \"" + command.since + "\"");
  if (command.attempt < 0) faults.push_back("--attempt is a number from 1 on");
  if (command.hex && command.hex_event < 0) faults.push_back("--hex takes the number of an event, from 1 on, not \"" + command.hex_word + "\"");
  if (command.verb == Verb::export_capture && command.har + command.curl + command.bundle != 1)
    faults.push_back("export wants one of --har, --curl and --bundle");
  if (command.count < 1) faults.push_back("--count is a number from 1 on");
  const int wanted = static_cast<int>(command.init) + static_cast<int>(command.schema) + static_cast<int>(command.effective);
  if (command.verb == Verb::config && wanted != 1)
    faults.push_back("config wants one of --init, --effective and --schema");
  for (const std::string& fault : faults)
    if (!fault.empty()) return fault;
  return {};
}

/// `show --hex ID` reads as if the ID were the number of an event.
void read_hex(Tree& tree) {
  Command& command = tree.command;
  command.hex = tree.hex->count() > 0;
  if (command.hex_word.empty()) return;
  const bool number = command.hex_word.size() < 10 && command.hex_word.find_first_not_of("0123456789") == std::string::npos;
  if (number) command.hex_event = std::stoi(command.hex_word);
  if (command.hex_event > 0) return;
  if (number || tree.show_id->count() > 0) command.hex_event = -1;
  else command.id = command.hex_word;
}

bool switched_on(const Env& env, const char* name) {
  const std::string value = env(name).value_or("");
  return value == "1" || value == "true" || value == "yes" || value == "on";
}

/// What settings/ does not read from the environment itself.
void apply_environment(Tree& tree, const Env& env) {
  GlobalFlags& global = tree.command.global;
  global.color = tree.color.value_or(env("SILTGATE_COLOR").value_or("auto"));
  if (global.color.empty()) global.color = "auto";
  global.quiet = global.quiet || switched_on(env, "SILTGATE_QUIET");
}

Parsed usage(const std::string& sentence, const std::string& verb = {}) {
  Parsed parsed;
  parsed.exit = exit_usage;
  parsed.err = "siltgate: " + sentence + "\nTry \"siltgate " + (verb.empty() ? "" : verb + " ") + "--help\".\n";
  return parsed;
}

/// `help` and `help VERB` are what people type.
void translate_help(std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() != "help") return;
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
}

Verb verb_named(const std::string& name) {
  const auto found = std::find(verb_names.begin(), verb_names.end(), name);
  return static_cast<Verb>(found - verb_names.begin());
}

FlagInfo flag_info(const CLI::Option& option) {
  FlagInfo info;
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  info.description = option.get_description();
  info.takes_value = option.get_items_expected_max() > 0;
  if (info.takes_value) info.value = option.get_type_name();
  const std::string name = option.get_lnames().empty() ? "" : option.get_lnames().front();
  info.takes_file = name == "config" || name == "init" || name == "file";
  if (name == "color") info.choices = color_words;
  if (name == "capture") info.choices = capture_words;
  if (name == "log-format") info.choices = format_words;
  if (name == "verdict") info.choices = verdict_words;
  if (name == "upstream") info.choices = {"demo:"};
  if (name == "client") info.choices = {"opencode"};
  return info;
}

VerbInfo verb_info(const CLI::App& app, const std::string& name) {
  VerbInfo info;
  info.name = name;
  info.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) {
      info.flags.push_back(flag_info(*option));
      continue;
    }
    info.argument = option->get_type_name();
    info.argument_description = option->get_description();
  }
  info.manual = app.get_footer();
  if (!name.empty()) info.manual.erase(info.manual.size() - global_remark.size());
  if (name == "completion") info.choices = shell_words;
  if (name == "why" || name == "show" || name == "export" || name == "replay") info.choices = {"last"};
  if (name == "setup") info.choices = setup::client_names();
  if (name == "service") info.choices = action_words;
  return info;
}

}  // namespace

Parsed parse_command_line(std::vector<std::string> arguments, const Env& env) {
  Tree tree;
  build(tree);
  translate_help(arguments);
  std::reverse(arguments.begin(), arguments.end());   // CLI11 takes them from the back
  Parsed parsed;
  try {
    tree.app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    parsed.out = tree.app.help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }
  const auto verbs = tree.app.get_subcommands();
  const std::string verb = verbs.empty() ? "" : verbs.front()->get_name();
  if (const auto extras = tree.app.remaining(true); !extras.empty()) return usage(about_extra(tree, extras.front()), verb);
  if (!verb.empty()) tree.command.verb = verb_named(verb);
  if (tree.version) tree.command.verb = Verb::version;
  tree.command.init = tree.init->count() > 0;
  read_hex(tree);
  apply_environment(tree, env);
  if (const std::string fault = about_values(tree.command); !fault.empty()) return usage(fault, verb);
  parsed.command = std::move(tree.command);
  return parsed;
}

std::vector<VerbInfo> command_tree() {
  Tree tree;
  build(tree);
  std::vector<VerbInfo> out{verb_info(tree.app, "")};
  for (const CLI::App* verb : tree.app.get_subcommands([](const CLI::App*) { return true; }))
    out.push_back(verb_info(*verb, verb->get_name()));
  return out;
}

}  // namespace siltgate::cli
