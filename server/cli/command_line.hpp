// SPDX-License-Identifier: Apache-2.0
// From argv to a Command: verbs, flags, help, and mistakes with a suggestion. Does nothing itself, reads no file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace siltgate::cli {

enum class Verb {
  run, check, config, status, log, why, show, export_capture, replay, doctor, setup, service, reload, stop, selftest, completion, version
};

/// As given on the command line; absent ones fall back to SILTGATE_…, then to the file, then to the default.
struct GlobalFlags {
  std::optional<std::string> config;
  std::vector<std::string> upstream;       // URL or NAME=URL
  std::vector<std::string> listen;
  std::optional<std::string> concurrency;  // number or "auto"
  std::optional<std::string> capture;      // off, rejected, all
  std::optional<std::string> log_format;   // text, json
  bool debug = false;
  std::string color = "auto";              // auto, always, never; environment included
  bool quiet = false;                      // environment included
};

struct Command {
  Verb verb = Verb::run;
  GlobalFlags global;
  bool json = false;         // status, log, why, doctor
  bool watch = false;        // status
  bool line = false;         // status
  bool follow = false;       // log, service logs
  std::string verdict;       // log: "" = all
  std::string since;         // log: a duration, "" = all
  int count = 20;            // log
  std::string id = "last";   // why, show, export, replay
  int attempt = 0;           // show, replay; 0 = the last one that was answered
  bool events = false, hex = false, chat = false, raw = false, headers = false, diff = false;   // show
  int hex_event = 0;         // show --hex N; 0 = around the fault
  std::string hex_word;      // what stood behind --hex: a number, or the ID
  bool har = false, curl = false, bundle = false;   // export
  bool once = false;         // replay
  bool fast = false;         // replay
  bool effective = false;    // config
  bool schema = false;       // config
  bool init = false;         // config
  std::string init_file;     // config --init: "" = standard output
  std::string shell;         // completion
  bool probe = false;        // doctor
  bool from_guest = false;   // doctor
  bool bundle = false;       // doctor
  std::string model;         // doctor --probe: "" = chosen
  std::string client;        // doctor --client, setup
  bool write = false;        // setup
  bool undo = false;         // setup
  std::vector<std::string> providers;   // setup
  std::string base_url;      // setup: "" = derived
  std::string file;          // setup: "" = where the client looks
  std::string action;        // service
  bool user = false;         // service
  bool system = false;       // service
  bool dry_run = false;      // service
};

/// Either a command, or what to print and the exit code.
struct Parsed {
  std::optional<Command> command;
  int exit = 0;
  std::string out;   // for standard output (help)
  std::string err;   // for standard error
};

using Env = std::function<std::optional<std::string>(const std::string& name)>;

/// `arguments` without the program's name.
Parsed parse_command_line(std::vector<std::string> arguments, const Env& env);

/// What completion scripts and the manual page are made of, taken from the parser itself.
struct FlagInfo {
  std::vector<std::string> names;     // "-c", "--config"
  std::string description;
  bool takes_value = false;
  std::string value;                  // "FILE"; "" when it takes none
  bool takes_file = false;
  std::vector<std::string> choices;
};
struct VerbInfo {
  std::string name;                   // "" = the program itself
  std::string description;
  std::vector<FlagInfo> flags;
  std::vector<std::string> choices;   // of its positional argument
  std::string argument;               // "CLIENT"; "" = none
  std::string argument_description;
  std::string manual;                 // the long part of its help
};
/// The program first, then the verbs in the order of the help.
std::vector<VerbInfo> command_tree();

}  // namespace siltgate::cli
