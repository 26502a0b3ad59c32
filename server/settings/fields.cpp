// SPDX-License-Identifier: Apache-2.0
// The table itself. One entry is one key of the configuration; order here is order in the example and the reference.
#include <algorithm>

#include "settings/field_table.hpp"

namespace siltgate::settings {
namespace {

using S = Settings;
using N = const Names;

constexpr std::int64_t ms = 1'000'000, second = 1000 * ms, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;
constexpr std::int64_t most = 1'000'000;

template <class E>
Slot choice(E& place) {
  return ChoiceSlot{&place, [](const void* p) { return static_cast<int>(*static_cast<const E*>(p)); },
                    [](void* p, int value) { *static_cast<E*>(p) = static_cast<E>(value); }};
}

template <class E>
Slot choice(std::optional<E>& place) {
  using Place = std::optional<E>;
  return ChoiceSlot{&place,
                    [](const void* p) {
                      const auto& value = *static_cast<const Place*>(p);
                      return value ? static_cast<int>(*value) : -1;
                    },
                    [](void* p, int value) { *static_cast<Place*>(p) = static_cast<E>(value); }};
}

template <class Named>
Named& by_name(std::vector<Named>& all, const std::string& name) {
  auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  if (found != all.end()) return *found;
  all.emplace_back();
  all.back().name = name;
  return all.back();
}

flow::Provider& provider(S& s, N& n) { return by_name(s.flow.providers, n.at(0)); }

Listen& listener(S& s, N& n) {
  const auto place = static_cast<std::size_t>(std::stoul(n.at(0)));
  if (s.listen.size() <= place) s.listen.resize(place + 1);
  return s.listen[place];
}

std::vector<Word> words(std::initializer_list<std::string_view> names) {
  std::vector<Word> out;
  for (auto name : names) out.push_back({name, static_cast<int>(out.size())});
  return out;
}

std::vector<Word> actions(std::initializer_list<Action> list) {
  std::vector<Word> out;
  for (Action action : list) out.push_back({to_string(action), static_cast<int>(action)});
  return out;
}

template <Check check>
Slot action_of(S& s, N&) { return choice(s.flow.validate[check]); }

template <int klass>
Slot delivery_of(S& s, N& n) { return choice(provider(s, n).class_delivery[klass]); }

std::vector<Field> top_fields() {
  return {
    {.path = "listen.*.address", .type = Type::address, .slot = [](S& s, N& n) -> Slot { return &listener(s, n); },
     .why = "address and port to accept clients on; port 0 takes any free port", .example = R"("192.168.64.1:4290")", .required = true},
    {.path = "listen.*.wait", .type = Type::boolean, .slot = [](S& s, N& n) -> Slot { return &listener(s, n).wait; },
     .why = "wait for the address to appear (a VM bridge that comes up later) instead of failing at start", .example = "true"},
    {.path = "listen.*.allow", .type = Type::networks, .slot = [](S& s, N& n) -> Slot { return &listener(s, n).allow; },
     .why = "networks whose clients may connect; empty lets every peer in", .example = R"(["192.168.64.0/24"])"},
    {.path = "default_provider", .slot = [](S& s, N&) -> Slot { return &s.flow.default_provider; },
     .why = "the provider of paths that name none, such as /v1/chat/completions", .example = R"("zai")",
     .fallback = "the only provider; needed when there are several"},
    {.path = "keep_alive", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.flow.keep_alive); },
     .why = "auto closes after each answer unless the User-Agent names a runtime that does not replay a POST on a reused connection",
     .example = R"("never")", .words = words({"auto", "always", "never"})},
    {.path = "stream_failure", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.flow.stream_failure); },
     .why = "how a started stream fails: one error event, or the connection cut; auto picks by User-Agent",
     .example = R"("abort")", .words = words({"auto", "error_event", "abort"})},
    {.path = "drain", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.drain; },
     .why = "how long exchanges in flight may take to finish after a stop", .example = R"("2m")", .max = 24 * hour, .zero = "cut at once"},
    {.path = "control_socket", .type = Type::file_path, .slot = [](S& s, N&) -> Slot { return &s.control_socket; },
     .why = "Unix socket the other verbs talk to (mode 0600), in a directory of siltgate's own; they find it by this file", .example = R"("/run/siltgate/control.sock")",
     .fallback = "control-PORT.sock in $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/siltgate or /tmp/siltgate-UID"},
  };
}

std::vector<Field> provider_fields() {
  return {
    {.path = "providers.*.base_url", .type = Type::base_url, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).base_url; },
     .why = "where requests go: everything before /chat/completions or /messages; \"demo:\" is the built-in provider",
     .example = R"("https://api.z.ai/api/coding/paas/v4")", .required = true},
    {.path = "providers.*.format", .type = Type::choice, .slot = [](S& s, N& n) -> Slot { return choice(provider(s, n).format); },
     .why = "the dialect; auto tells it by the path of each request", .example = R"("openai")", .words = words({"auto", "openai", "anthropic"})},
    {.path = "providers.*.profile", .type = Type::choice, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).profile; },
     .why = "which table tells what an error code means", .example = R"("openrouter")",
     .words = words({"zai", "openai", "anthropic", "openrouter", "generic"}), .fallback = "guessed from the host of base_url"},
    {.path = "providers.*.auth", .type = Type::choice, .slot = [](S& s, N& n) -> Slot { return choice(provider(s, n).auth); },
     .why = "passthrough sends the client's own key; replace sends one of \"keys\"", .example = R"("replace")", .words = words({"passthrough", "replace"})},
    {.path = "providers.*.delivery", .type = Type::choice, .slot = [](S& s, N& n) -> Slot { return choice(provider(s, n).delivery); },
     .why = "stream forwards each checked event; whole delivers only after the complete answer passed every check",
     .example = R"("whole")", .words = words({"stream", "whole"})},
    {.path = "providers.*.class_delivery.interactive", .type = Type::choice, .slot = delivery_of<0>,
     .why = "delivery for requests a person waits for", .example = R"("stream")", .words = words({"stream", "whole"}), .fallback = "delivery"},
    {.path = "providers.*.class_delivery.subagent", .type = Type::choice, .slot = delivery_of<1>,
     .why = "delivery for requests of subagents", .example = R"("whole")", .words = words({"stream", "whole"}), .fallback = "delivery"},
    {.path = "providers.*.class_delivery.background", .type = Type::choice, .slot = delivery_of<2>,
     .why = "delivery for titles, summaries and other work nobody watches", .example = R"("whole")", .words = words({"stream", "whole"}), .fallback = "delivery"},
    {.path = "providers.*.proxy", .type = Type::proxy, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).proxy; },
     .why = "how to leave the machine: env obeys HTTPS_PROXY and NO_PROXY, none goes directly, http://host:port is a CONNECT proxy",
     .example = R"("http://proxy.example:3128")"},
    {.path = "providers.*.ca_file", .type = Type::file_path, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).tls.ca_file; },
     .why = "certificates to trust besides the system's store, in PEM", .example = R"("/etc/ssl/certs/corporate.pem")", .fallback = "none besides"},
    {.path = "providers.*.tls_min", .type = Type::choice, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).tls.tls_min; },
     .why = "lowest TLS version accepted", .example = R"("1.3")", .words = words({"1.2", "1.3"})},
    {.path = "providers.*.keys.*.value", .type = Type::secret, .slot = [](S& s, N& n) -> Slot { return &by_name(provider(s, n).keys, n.at(1)).value; },
     .why = "the API key; better a reference than the key itself", .example = R"("{env:ZHIPU_API_KEY}")", .required = true},
    {.path = "providers.*.keys.*.concurrency", .type = Type::concurrency, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.keys[n.at(1)]; },
     .why = "requests in flight on this key, all models together", .example = "3", .min = 1, .max = most, .fallback = "no limit of its own"},
    {.path = "providers.*.limits.concurrency", .type = Type::concurrency, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.concurrency; },
     .why = "requests in flight per key, or per key and model (see \"per\"); auto finds it out", .example = "1", .min = 1, .max = most,
     .fallback = "limits.concurrency; with the profile zai 1 unless that is a number"},
    {.path = "providers.*.limits.per", .type = Type::choice, .slot = [](S& s, N& n) -> Slot { return choice(provider(s, n).limits.per); },
     .why = "what the concurrency is counted for", .example = R"("key")", .words = words({"key", "key+model"})},
    {.path = "providers.*.limits.total", .type = Type::integer, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.total; },
     .why = "requests in flight to this provider, all its keys together", .example = "8", .min = 1, .max = most, .zero = "none"},
    {.path = "providers.*.limits.start_interval", .type = Type::duration, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.start_interval; },
     .why = "least time between two starts on one key", .example = R"("500ms")", .max = hour, .zero = "none"},
    {.path = "providers.*.limits.requests_per_minute", .type = Type::integer, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.requests_per_minute; },
     .why = "requests started per minute on one key", .example = "60", .min = 1, .max = most, .zero = "none"},
    {.path = "providers.*.limits.tokens_per_minute", .type = Type::integer, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.tokens_per_minute; },
     .why = "tokens per minute on one key", .example = "100000", .min = 1, .max = 1'000'000'000'000, .zero = "none"},
    {.path = "providers.*.limits.release_delay", .type = Type::duration, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.release_delay; },
     .why = "how long a returned permit rests, for providers that count a request a moment longer", .example = R"("250ms")", .max = hour, .zero = "none"},
    {.path = "providers.*.models.*.concurrency", .type = Type::concurrency, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.models[n.at(1)]; },
     .why = "requests in flight for this model on one key, instead of limits.concurrency", .example = "5", .min = 1, .max = most, .required = true},
    {.path = "providers.*.groups.*.models", .type = Type::texts, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.groups[n.at(1)].models; },
     .why = "the models of the group; a model is in one group at most", .example = R"(["glm-4.6", "glm-4.7"])", .min = 1, .required = true},
    {.path = "providers.*.groups.*.concurrency", .type = Type::concurrency, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).limits.groups[n.at(1)].concurrency; },
     .why = "requests in flight for all models of the group together, on one key", .example = "2", .min = 1, .max = most, .required = true},
    {.path = "providers.*.retry.attempts", .type = Type::integer, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).retry.attempts; },
     .why = "attempts in all, while nothing was delivered; 1 is no retry", .example = "3", .min = 1, .max = 100},
    {.path = "providers.*.retry.max_wait", .type = Type::duration, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).retry.max_wait; },
     .why = "longest total wait between the attempts of one exchange", .example = R"("1m")", .max = day, .zero = "retry only without waiting"},
    {.path = "providers.*.timeouts.connect", .type = Type::duration, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).timeouts.connect; },
     .why = "DNS, TCP, proxy and TLS together", .example = R"("5s")", .min = ms, .max = hour},
    {.path = "providers.*.timeouts.first_byte", .type = Type::duration, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).timeouts.first_byte; },
     .why = "from the request sent to the head of the answer", .example = R"("5m")", .min = ms, .max = day},
    {.path = "providers.*.timeouts.idle", .type = Type::duration, .slot = [](S& s, N& n) -> Slot { return &provider(s, n).timeouts.idle; },
     .why = "longest silence inside an answer", .example = R"("3m")", .min = ms, .max = day},
  };
}

std::vector<Field> limit_fields() {
  return {
    {.path = "limits.concurrency", .type = Type::concurrency, .slot = [](S& s, N&) -> Slot { return &s.concurrency; },
     .why = "for providers that give none: a number, or auto, which starts at 2 (profile zai: 1), grows while the provider accepts and halves when it refuses",
     .example = "4", .min = 1, .max = most},
    {.path = "limits.total", .type = Type::integer, .slot = [](S& s, N&) -> Slot { return &s.flow.total_concurrency; },
     .why = "requests in flight to all providers together", .example = "16", .min = 1, .max = most, .zero = "none"},
    {.path = "limits.queue.max_waiting", .type = Type::integer, .slot = [](S& s, N&) -> Slot { return &s.flow.queue.max_waiting; },
     .why = "requests that may wait; one more is answered 503", .example = "128", .min = 1, .max = most, .zero = "nothing waits"},
    {.path = "limits.queue.max_wait", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.flow.queue.max_wait; },
     .why = "longest wait for a permit, then 503", .example = R"("5m")", .min = ms, .max = day},
    {.path = "limits.queue.order", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.flow.queue.order); },
     .why = "fair: people before subagents before background work, sessions in turn; fifo: plain arrival", .example = R"("fifo")", .words = words({"fair", "fifo"})},
    {.path = "limits.queue.early_headers_after", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.flow.queue.early_headers_after; },
     .why = "a waiting stream gets 200 and comments after this long, before clients give up (opencode: 300s)", .example = R"("1m")", .min = ms, .max = day, .zero = "never"},
    {.path = "limits.queue.heartbeat", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.flow.queue.heartbeat; },
     .why = "time between those comments", .example = R"("15s")", .min = 100 * ms, .max = hour},
    {.path = "limits.repeat.max", .type = Type::integer, .slot = [](S& s, N&) -> Slot { return &s.flow.repeat.max; },
     .why = "the same body from the same session more often than this within the window is held back (agents loop)", .example = "20", .min = 1, .max = most, .zero = "off"},
    {.path = "limits.repeat.window", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.flow.repeat.window; },
     .why = "the window of repeat.max", .example = R"("2m")", .min = second, .max = day},
    {.path = "limits.connections", .type = Type::integer, .slot = [](S& s, N&) -> Slot { return &s.flow.connections; },
     .why = "client connections open at once", .example = "4096", .min = 1, .max = most},
    {.path = "limits.request_body", .type = Type::bytes, .slot = [](S& s, N&) -> Slot { return &s.flow.http.request_body; },
     .why = "largest request body; it is held in memory", .example = R"("128MiB")", .min = kib, .max = 4 * gib},
    {.path = "limits.request_bodies", .type = Type::bytes, .slot = [](S& s, N&) -> Slot { return &s.flow.http.request_bodies; },
     .why = "all request bodies held at once; a request that does not fit is answered 503, running ones are not touched",
     .example = R"("4GiB")", .min = mib, .max = 1024 * gib},
    {.path = "limits.response_body", .type = Type::bytes, .slot = [](S& s, N&) -> Slot { return &s.flow.http.response_body; },
     .why = "largest answer that is held whole (JSON, delivery whole)", .example = R"("32MiB")", .min = kib, .max = 4 * gib},
    {.path = "limits.response_bodies", .type = Type::bytes, .slot = [](S& s, N&) -> Slot { return &s.flow.http.response_bodies; },
     .why = "all answers held whole at once; one that does not fit is cut and answered 503, the others are not touched",
     .example = R"("4GiB")", .min = mib, .max = 1024 * gib},
    {.path = "limits.event", .type = Type::bytes, .slot = [](S& s, N&) -> Slot { return &s.flow.validate.event_limit; },
     .why = "largest streamed event", .example = R"("16MiB")", .min = kib, .max = gib},
  };
}

std::vector<Field> validate_fields() {
  using enum Action;
  return {
    {.path = "validate.content_type", .type = Type::choice, .slot = action_of<Check::content_type>,
     .why = "a stream was asked for and something else came, or HTML where JSON is due", .example = R"("flag")", .words = actions({pass, flag, reject})},
    {.path = "validate.utf8", .type = Type::choice, .slot = action_of<Check::utf8>,
     .why = "ill-formed UTF-8; repair puts one U+FFFD for each maximal subpart", .example = R"("repair")", .words = actions({pass, flag, repair, drop, reject})},
    {.path = "validate.sse", .type = Type::choice, .slot = action_of<Check::sse>,
     .why = "a NUL, an event over limits.event, or debris of a cut line", .example = R"("drop")", .words = actions({pass, flag, drop, reject})},
    {.path = "validate.json", .type = Type::choice, .slot = action_of<Check::json>,
     .why = "a data payload that is not one JSON value", .example = R"("drop")", .words = actions({pass, flag, drop, reject})},
    {.path = "validate.shape", .type = Type::choice, .slot = action_of<Check::shape>,
     .why = "a payload that is no object of the dialect", .example = R"("drop")", .words = actions({pass, flag, drop, reject})},
    {.path = "validate.splice", .type = Type::choice, .slot = action_of<Check::splice>,
     .why = "a second answer inside the first", .example = R"("flag")", .words = actions({pass, flag, reject})},
    {.path = "validate.finish", .type = Type::choice, .slot = action_of<Check::finish>,
     .why = "the body ends without the dialect's proper end", .example = R"("flag")", .words = actions({pass, flag, reject})},
    {.path = "validate.finish_reason", .type = Type::choice, .slot = action_of<Check::finish_reason>,
     .why = "a finish reason clients cannot handle; repair maps it by profile (sensitive becomes content_filter)", .example = R"("flag")", .words = actions({pass, flag, repair, reject})},
    {.path = "validate.tool_arguments", .type = Type::choice, .slot = action_of<Check::tool_arguments>,
     .why = "the arguments of a finished tool call are not JSON", .example = R"("reject")", .words = actions({pass, flag, reject})},
    {.path = "validate.garble", .type = Type::choice, .slot = action_of<Check::garble>,
     .why = "the text degenerates: loops, runs, leaked control tokens, mojibake, soups; reject acts on certain signs, doubtful ones are flagged", .example = R"("reject")", .words = actions({pass, flag, reject})},
  };
}

std::vector<Field> other_fields() {
  return {
    {.path = "shared.redis", .type = Type::redis_url, .slot = [](S& s, N&) -> Slot { return &s.shared.redis; },
     .why = "redis://[user:password@]host[:port][/db] where several instances share their caps (docs/scale.md); rediss:// for TLS, unix:///path for a socket; percent-encode what a URL cannot hold", .example = R"("redis://127.0.0.1:6379")", .fallback = "not shared"},
    {.path = "shared.prefix", .slot = [](S& s, N&) -> Slot { return &s.shared.prefix; },
     .why = "what the names of the Redis keys begin with", .example = R"("team:")"},
    {.path = "shared.lease", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.shared.lease; },
     .why = "permits of an instance that is silent this long are free again; the same on every instance", .example = R"("30s")", .min = second, .max = hour},
    {.path = "shared.when_down", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.shared.refuse_when_down); },
     .why = "without Redis: local keeps the instance's last known part of the caps, refuse answers 503", .example = R"("refuse")", .words = words({"local", "refuse"})},
    {.path = "client_tokens.*", .type = Type::secret, .slot = [](S& s, N& n) -> Slot { return &s.client_tokens[n.at(0)]; },
     .why = "the token this client sends as its API key; with any token set, requests without one are refused", .example = R"("{env:ALICE_TOKEN}")", .fallback = "none"},
    {.path = "capture.mode", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.capture.mode); },
     .why = "which exchanges leave a recording", .example = R"("all")", .words = words({"off", "rejected", "all"})},
    {.path = "capture.max_total", .type = Type::bytes, .slot = [](S& s, N&) -> Slot { return &s.capture.max_total; },
     .why = "all recordings together; the oldest go first", .example = R"("1GiB")", .min = mib, .max = 1024 * gib},
    {.path = "capture.max_age", .type = Type::duration, .slot = [](S& s, N&) -> Slot { return &s.capture.max_age; },
     .why = "recordings older than this are removed", .example = R"("1d")", .min = minute, .max = 365 * day},
    {.path = "log.level", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.log.level); },
     .why = "debug also dumps every rejected, dropped and repaired event", .example = R"("warn")", .words = words({"debug", "info", "warn", "error"})},
    {.path = "log.format", .type = Type::choice, .slot = [](S& s, N&) -> Slot { return choice(s.log.format); },
     .why = "auto: journal prefixes under systemd, else text (logfmt)", .example = R"("json")", .words = words({"auto", "text", "json", "journal"})},
    {.path = "admin.path", .type = Type::url_path, .slot = [](S& s, N&) -> Slot { return &s.admin.path; },
     .why = "where the dashboard, metrics and health checks live", .example = R"("/siltgate/")"},
    {.path = "admin.allow", .type = Type::networks, .slot = [](S& s, N&) -> Slot { return &s.admin.allow; },
     .why = "networks that may open the admin pages", .example = R"(["127.0.0.0/8"])"},
    {.path = "admin.allowed_hosts", .type = Type::hosts, .slot = [](S& s, N&) -> Slot { return &s.admin.allowed_hosts; },
     .why = "names under which siltgate may be addressed, besides its IP addresses (DNS rebinding)", .example = R"(["localhost", "siltgate.example"])"},
  };
}

}  // namespace

const std::vector<Field>& fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> out;
    for (auto part : {top_fields(), provider_fields(), limit_fields(), validate_fields(), other_fields()})
      out.insert(out.end(), part.begin(), part.end());
    return out;
  }();
  return all;
}

}  // namespace siltgate::settings
