// SPDX-License-Identifier: Apache-2.0
#include "cli/manual.hpp"

namespace siltgate::cli {

const char* const manual_intro =
    "siltgate: a local proxy between coding agents and LLM providers. It keeps requests within the provider's\n"
    "concurrency, checks every streamed event before it passes it on, and says whose fault a broken answer was.";

const char* const manual_end = R"(
Examples:
  siltgate --upstream demo:                                  try it without a key, against the built-in provider
  siltgate --upstream https://api.z.ai/api/coding/paas/v4    run it; point the client at http://127.0.0.1:4290/v1
  siltgate --config siltgate.jsonc --debug                   run it with a file and show every rejected event
  siltgate status --watch                                    who is in flight, who waits
  siltgate why                                               what became of the last exchange, with evidence
  siltgate log -f --verdict provider                         follow the exchanges the provider spoiled
  siltgate show last --hex                                   the bytes around a fault
  siltgate replay last                                       try a client against a bad answer, without the provider
  siltgate setup opencode --write                            point opencode at it
  siltgate doctor --client opencode                          what is in the way, and the remedy

Environment (a flag beats it, it beats the file):
  SILTGATE_CONFIG         --config
  SILTGATE_UPSTREAM       --upstream; several separated by commas or blanks
  SILTGATE_LISTEN         --listen; several separated by commas or blanks
  SILTGATE_CONCURRENCY    --concurrency
  SILTGATE_CAPTURE        --capture
  SILTGATE_DEBUG          --debug (1 or 0)
  SILTGATE_LOG_FORMAT     --log-format
  SILTGATE_COLOR          --color
  SILTGATE_QUIET          --quiet (1 or 0)
  NO_COLOR                no colour, unless --color=always
  XDG_CONFIG_HOME         siltgate/siltgate.jsonc is looked for in it
  RUNTIME_DIRECTORY, XDG_RUNTIME_DIR   where the control socket lives

Configuration files, the first that exists: --config, $SILTGATE_CONFIG,
$XDG_CONFIG_HOME/siltgate/siltgate.jsonc, /etc/siltgate/siltgate.jsonc.

Signals: HUP reloads, TERM and INT drain and stop.

Exit codes:
   0  success                        70  a bug in siltgate
   1  doctor or selftest failed      75  drain timed out
  64  wrong usage                    77  not permitted
  66  file or capture not found      78  the configuration is invalid
  69  cannot listen, or no running instance
  `why` has its own: 0 intact, 10 provider, 11 network, 12 client, 13 siltgate, 14 cannot tell.

Data goes to standard output, everything else to standard error.
)";

const char* const manual_run = R"(
Runs in the foreground until TERM or INT, then lets exchanges finish within `drain` (30s).

Examples:
  siltgate run --upstream https://api.z.ai/api/coding/paas/v4 --concurrency 1
  siltgate run --upstream zai=https://api.z.ai/api/paas/v4 --upstream local=http://127.0.0.1:8080/v1
  siltgate run --listen 127.0.0.1:4290 --listen 192.168.64.1:4290 --config siltgate.jsonc
)";

const char* const manual_check = R"(
Reads the configuration, resolves its secrets and tries to listen where it says. Sends nothing to a provider.
Exit code 0; 78 when the configuration is invalid; 66 when a file named by --config does not exist; 69 when an address
cannot be listened on, with who holds the port (a siltgate that runs with this configuration holds it rightly).
)";

const char* const manual_config = R"(
Examples:
  siltgate config --init                  a commented file on standard output
  siltgate config --init siltgate.jsonc   the same into a new file; an existing file is left alone
  siltgate config --effective             what is in force and where each value came from; secrets are hidden
  siltgate config --schema                the JSON Schema, for editors
)";

const char* const manual_status = R"(
Asks the running siltgate through its control socket. With several running, --listen 127.0.0.1:PORT selects one.
Per key: in flight and cap, waiting, refusals, damage, pace. Then what is under way, with the silence of the provider and
whether its machine still answers, and who waits.

Examples:
  siltgate status --watch
  siltgate status --line      one line, for tmux, waybar or a prompt
  siltgate status --json      the document of /-/api/state
)";

const char* const manual_reload = R"(
All or nothing: a file with a mistake leaves the old settings in force, is printed here and shows in `siltgate status`.
Exchanges in flight keep the settings they began with. SIGHUP does the same. Exit code 78 when the file is refused.
)";

const char* const manual_stop = R"(
No new request is taken; those in flight may finish within `drain` (30s), then they are cut. SIGTERM does the same. Returns at
once; siltgate ends with 0, or with 75 when it had to cut.
)";

const char* const manual_log = R"(
Examples:
  siltgate log -n 50
  siltgate log -f --verdict provider
  siltgate log --since 10m --json      one JSON record per line
)";

const char* const manual_why = R"(
ID is what the response header siltgate-id says; its beginning is enough. Without ID: the last exchange.
What the running siltgate does not know any more, or when none runs, is looked up in the captures.
Exit code: 0 intact, 10 provider, 11 network, 12 client, 13 siltgate, 14 cannot tell.
)";

const char* const manual_show = R"(
Reads the recordings in the state directory; no siltgate has to run. By default only exchanges that went wrong are
recorded; `siltgate --capture all` records every one. Without a flag: what there is.

Examples:
  siltgate show last --events        every event with its time, offset, size and what the checks said
  siltgate show last --hex           the bytes around the fault; --hex 12 shows event 12
  siltgate show sg_ab --chat         the answer as a reader sees it
  siltgate show last --raw > answer.sse
)";

const char* const manual_export = R"(
Credentials were replaced before the recording was written. --har holds the texts of the answer (and of the prompt, where it
was recorded); --bundle holds only the bytes around the fault.

Examples:
  siltgate export last --bundle > ticket.md
  siltgate export last --har > answer.har      open it in a browser's network tools
  siltgate export last --curl                  prompts are recorded with `--capture all` only
)";

const char* const manual_replay = R"(
Serves the bytes the provider sent, with their chunk borders, pauses and ending, to every request, whatever it asks, and
prints the base URL. No provider is needed and none is asked. Listens on a free loopback port, or on --listen.

Examples:
  siltgate replay last
  siltgate replay sg_abcdefghij --listen 127.0.0.1:4300 --once
  siltgate replay last --fast        without the original pauses
)";

const char* const manual_doctor = R"(
Looks at the configuration, the port, and for every provider at name, TCP, proxy, TLS chain and clock; each look has its
own bound in time. A siltgate that runs is asked through its control socket. Says what was looked at, what is wrong, and the
remedy as a command or a line to add. Exit code 0, or 1 when there is a fault; warnings are no faults.

Examples:
  siltgate doctor --client opencode     base URLs, NO_PROXY, standard input, plugins
  siltgate doctor --from-guest          on the host: is siltgate reachable from guests, and what do they need?
  siltgate doctor --from-guest --listen 192.168.64.1:4290    in the guest: can siltgate on the host be reached?
  siltgate doctor --probe --model glm-4.5-air                spend one request of one token
  siltgate doctor --bundle > ticket.txt                      everything, redacted
)";

const char* const manual_setup = R"(
Prints what to change in the client's own configuration, as a diff. --write does it: in place, comments and formatting stay,
the text before is kept beside the file; --undo puts it back. The siltgate that runs is asked for its address and
providers, else the configuration is read. Cline has no file; what to enter in its settings is printed.

Examples:
  siltgate setup opencode                             what would change
  siltgate setup opencode --write
  siltgate setup opencode --provider zai-coding-plan --write
  siltgate setup claude-code --base-url http://192.168.64.1:4290 --write     in a guest
  siltgate setup opencode --undo
)";

const char* const manual_service = R"(
ACTION is install, uninstall, start, stop, status or logs. Every command is printed before it runs. install writes a
commented configuration where there is none, and the unit where no package brought one; uninstall leaves the configuration.

Examples:
  siltgate service install --user && siltgate service start --user
  sudo siltgate service install --system
  siltgate service logs -f
  siltgate service install --dry-run      files and commands, nothing is done
)";

const char* const manual_selftest = R"(
Starts a siltgate of its own in front of the demo provider on free ports and sends it sound and damaged answers. Needs no
network, touches no running siltgate. Exit code 0 when every verdict is as expected, else 1.
)";

const char* const manual_completion = R"(
Examples:
  bash   siltgate completion bash > ~/.local/share/bash-completion/completions/siltgate
  zsh    siltgate completion zsh > "${fpath[1]}/_siltgate"
  fish   siltgate completion fish > ~/.config/fish/completions/siltgate.fish
)";

}  // namespace siltgate::cli
