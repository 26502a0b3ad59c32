// SPDX-License-Identifier: Apache-2.0
// Each mistake a user can make is reported at its line and column with what to write instead.
#include <algorithm>

#include "settings/fill.hpp"
#include "support/catch.hpp"
#include "unit/settings/scripted_machine.hpp"

using namespace siltgate::settings;

namespace {

/// Every error of `text` as "line:col: message", one a line.
std::string faults_of(const std::string& text, const ScriptedMachine& world = {}) {
  const auto outcome = load_text("f", text, world.machine());
  std::string out;
  if (const auto* refused = std::get_if<Refused>(&outcome))
    for (const auto& error : refused->errors)
      out += (error.where.rfind("f:", 0) == 0 ? error.where.substr(2) : error.where) + ": " + error.message + "\n";
  return out;
}

/// `$` in the text marks where the error stands; it is taken out before reading.
struct Mistake {
  std::string text, message;
};

struct Marked {
  std::string text, where;
};

Marked unmark(std::string text) {
  const auto mark = text.find('$');
  const auto begin = text.rfind('\n', mark) + 1;
  std::size_t column = 1;
  for (auto i = begin; i < mark; ++i) column += (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mark), '\n');
  text.erase(mark, 1);
  return {text, std::to_string(line) + ":" + std::to_string(column)};
}

void expect(const Mistake& mistake, const ScriptedMachine& world = {}) {
  const auto [text, where] = unmark(mistake.text);
  INFO(text);
  CHECK(faults_of(text, world) == where + ": " + mistake.message + "\n");
}

std::string whole(const std::string& members) {
  return "{\n  // né\n  \"providers\": { \"zai\": { \"base_url\": \"https://api.z.ai/api/coding/paas/v4\" } },\n" + members + "\n}";
}
std::string in_provider(const std::string& members) {
  return "{ \"providers\": {\n  \"zai\": { /* é */ \"base_url\": \"https://api.z.ai/v4\",\n    " + members + " } } }";
}

}  // namespace

TEST_CASE("unknown and misplaced keys are reported with the key or the place that was meant", "[settings]") {
  for (const Mistake& one : std::vector<Mistake>{
           {whole("  $\"heartbeat\": \"10s\""), "unknown key \"heartbeat\" at the top level; it belongs under limits.queue"},
           {whole("  $\"drian\": \"10s\""), "unknown key \"drian\" at the top level; did you mean \"drain\"?"},
           {whole("  $\"keepAlive\": \"auto\""), "unknown key \"keepAlive\" at the top level; did you mean \"keep_alive\"?"},
           {whole("  $\"port\": 4290"), "unknown key \"port\" at the top level; did you mean \"listen\"?"},
           {whole("  \"limits\": { $\"max_waiting\": 3 }"), "unknown key \"max_waiting\" in limits; it belongs under limits.queue"},
           {whole("  \"limits\": { \"queue\": { $\"ordr\": \"fair\" } }"), "unknown key \"ordr\" in limits.queue; did you mean \"order\"?"},
           {whole("  \"log\": { $\"mode\": \"all\" }"), "unknown key \"mode\" in log; it belongs under capture"},
           {whole("  $\"base_url\": \"https://x\""), "unknown key \"base_url\" at the top level; it belongs under providers.<name>"},
           {whole("  \"validate\": { $\"uft8\": \"reject\" }"), "unknown key \"uft8\" in validate; did you mean \"utf8\"?"},
           {in_provider("$\"api_key\": \"sk-123\""), "unknown key \"api_key\" in providers.zai; did you mean \"keys\"?"},
           {in_provider("$\"connect\": \"1s\""), "unknown key \"connect\" in providers.zai; it belongs under providers.zai.timeouts"},
           {in_provider("\"timeouts\": { $\"first_bite\": \"1s\" }"), "unknown key \"first_bite\" in providers.zai.timeouts; did you mean \"first_byte\"?"},
           {in_provider("\"limits\": { $\"groups\": {} }"), "unknown key \"groups\" in providers.zai.limits; it belongs under providers.zai"},
           {whole("  \"listen\": [ { \"address\": \"127.0.0.1:1\", $\"alow\": [] } ]"), "unknown key \"alow\" in listen[0]; did you mean \"allow\"?"},
           {whole("  \"capture\": { $\"xyzzy\": 1 }"), "unknown key \"xyzzy\" in capture; it takes \"mode\", \"max_total\" and \"max_age\""},
           {whole("  \"drain\": \"1s\",\n  $\"drain\": \"2s\""), "duplicate key \"drain\"; it was first given at line 4"},
           {whole("  $\"providers.*\": {}"), "unknown key \"providers.*\" at the top level; did you mean \"providers\"?"},
       })
    expect(one);
}

TEST_CASE("a value of the wrong type names what was found, what is taken and an example", "[settings]") {
  for (const Mistake& one : std::vector<Mistake>{
           {whole("  \"drain\": $30"), "drain takes a duration such as \"2m\", not the number 30; units are d h m s ms us: \"30s\" are seconds, \"30ms\" milliseconds"},
           {whole("  \"drain\": $\"30\""), "drain takes a duration such as \"2m\", not the string \"30\"; the unit is missing: write \"30s\" or \"30ms\""},
           {whole("  \"drain\": $\"1.5m\""), "drain takes a duration such as \"2m\", not the string \"1.5m\"; units are d h m s ms us, without blanks or fractions: \"1h30m\""},
           {whole("  \"drain\": $null"), "drain takes a duration such as \"2m\", not null"},
           {whole("  \"limits\": { \"request_body\": $67108864 }"), "request_body takes a size such as \"128MiB\", not the number 67108864; units are B KiB MiB GiB KB MB GB: \"67108864B\" are bytes"},
           {whole("  \"limits\": { \"event\": $\"32mib\" }"), "event takes a size such as \"16MiB\", not the string \"32mib\"; did you mean \"32MiB\"?"},
           {whole("  \"limits\": { \"event\": $\"32\" }"), "event takes a size such as \"16MiB\", not the string \"32\"; the unit is missing: write \"32MiB\" or \"32B\""},
           {whole("  \"limits\": { \"event\": $\"1B\" }"), "event is out of range: it goes from 1KiB to 1GiB"},
           {whole("  \"limits\": { \"total\": $\"5\" }"), "total takes a whole number such as 16, not the string \"5\"; write 5 without quotes"},
           {whole("  \"limits\": { \"total\": $1.5 }"), "total takes a whole number such as 16, not the number 1.5; fractions and exponents are not taken"},
           {whole("  \"limits\": { \"total\": $-1 }"), "total is out of range: it goes from 1 to 1000000, or 0 (none)"},
           {whole("  \"limits\": { \"total\": $99999999999999999999 }"), "total is out of range: it goes from 1 to 1000000, or 0 (none)"},
           {whole("  \"limits\": { \"concurrency\": $-3 }"), "concurrency is out of range: it goes from 1 to 1000000"},
           {whole("  \"limits\": { \"connections\": $0 }"), "connections is out of range: it goes from 1 to 1000000"},
           {whole("  \"limits\": { \"queue\": { \"max_wait\": $\"0s\" } }"), "max_wait is out of range: it goes from 1ms to 1d"},
           {whole("  \"limits\": $5"), "limits takes an object { … }, not the number 5; write { \"concurrency\": 5 }"},
           {whole("  \"limits\": { \"concurrency\": $0 }"), "concurrency 0 would let nothing through; leave the key out for the default, or write 1 or more"},
           {whole("  \"limits\": { \"concurrency\": $\"automatic\" }"), "concurrency takes a whole number of at least 1, or \"auto\", not the string \"automatic\""},
           {whole("  \"limits\": { \"concurrency\": $\"aut\" }"), "concurrency takes a whole number of at least 1, or \"auto\", not the string \"aut\"; did you mean \"auto\"?"},
           {whole("  \"limits\": { \"concurrency\": $\"3\" }"), "concurrency takes a whole number of at least 1, or \"auto\", not the string \"3\"; write 3 without quotes"},
           {whole("  \"keep_alive\": $true"), "keep_alive takes \"auto\", \"always\" or \"never\", not true"},
           {whole("  \"keep_alive\": $\"alway\""), "keep_alive takes \"auto\", \"always\" or \"never\", not the string \"alway\"; did you mean \"always\"?"},
           {whole("  \"admin\": { \"allow\": $\"10.0.0.0/8\" }"), "allow takes a list of strings such as [\"127.0.0.0/8\"], not the string \"10.0.0.0/8\"; put it in brackets: [\"10.0.0.0/8\"]"},
           {whole("  \"admin\": { \"allow\": [\"::1\", $7] }"), "allow holds strings, not the number 7"},
           {whole("  \"listen\": [ { \"address\": \"127.0.0.1:1\", \"wait\": $\"true\" } ]"), "wait takes true or false, not the string \"true\"; write true without quotes"},
           {in_provider("\"tls_min\": $1.2"), "tls_min takes \"1.2\" or \"1.3\", not the number 1.2; write \"1.2\""},
           {in_provider("\"profile\": $\"z.ai\""), "profile takes \"zai\", \"openai\", \"anthropic\", \"openrouter\" or \"generic\", not the string \"z.ai\"; did you mean \"zai\"?"},
           {in_provider("\"models\": { \"glm-4.6\": $5 }"), "providers.zai.models.\"glm-4.6\" takes an object { … }, not the number 5; write { \"concurrency\": 5 }"},
           {in_provider("\"ca_file\": $\"certs/x.pem\""), "ca_file takes a whole path beginning with /, not \"certs/x.pem\""},
       })
    expect(one);
}

TEST_CASE("actions that a check does not define are refused", "[settings]") {
  expect({whole("  \"validate\": { \"json\": $\"repair\" }"), "\"repair\" is not defined for the check json; it takes \"pass\", \"flag\", \"drop\" or \"reject\""});
  expect({whole("  \"validate\": { \"finish\": $\"drop\" }"), "\"drop\" is not defined for the check finish; it takes \"pass\", \"flag\" or \"reject\""});
  expect({whole("  \"validate\": { \"garble\": $\"rejct\" }"), "garble takes \"pass\", \"flag\" or \"reject\", not the string \"rejct\"; did you mean \"reject\"?"});
}

TEST_CASE("addresses, networks and URLs are judged where they stand", "[settings]") {
  const std::string listen = "  \"listen\": [\"127.0.0.1:1\", $";
  for (const Mistake& one : std::vector<Mistake>{
           {whole("  \"listen\": $\"127.0.0.1:4290\""), "listen takes a list such as [\"127.0.0.1:4290\"], not the string \"127.0.0.1:4290\"; put it in brackets: [\"127.0.0.1:4290\"]"},
           {whole("  \"listen\": $[]"), "listen is empty: nobody could connect; leave the key out for 127.0.0.1:4290"},
           {whole(listen + "\"localhost:4290\"]"), "listen takes IP addresses, not names; write \"127.0.0.1:4290\""},
           {whole(listen + "\":4290\"]"), "the address is missing; write \"127.0.0.1:4290\" (this machine only) or \"0.0.0.0:4290\" (every interface)"},
           {whole(listen + "\"4290\"]"), "a port alone says no address; write \"127.0.0.1:4290\" (this machine only) or \"0.0.0.0:4290\" (every interface)"},
           {whole(listen + "\"192.168.64.1\"]"), "the port is missing; write \"192.168.64.1:4290\""},
           {whole(listen + "\"::1\"]"), "the port is missing; write \"[::1]:4290\""},
           {whole(listen + "\"fe80::1:2:3:4:5:6:4290\"]"), "an IPv6 address needs brackets; write \"[fe80::1:2:3:4:5:6]:4290\""},
           {whole(listen + "\"[::1]\"]"), "expected \"[IPv6]:PORT\" such as \"[::1]:4290\""},
           {whole(listen + "\"127.0.0.1:99999\"]"), "\"99999\" is not a port; ports are 0 to 65535"},
           {whole(listen + "\"127.0.0.256:80\"]"), "\"127.0.0.256\" is not an IP address; write one such as \"127.0.0.1:80\""},
           {whole(listen + "\"http://127.0.0.1:80\"]"), "an address has no scheme; write \"127.0.0.1:4290\""},
           {whole(listen + "\"127.0.0.1:1\"]"), "127.0.0.1:1 stands in listen twice"},
           {whole(listen + "7]"), "listen[1] takes an object { … }, not the number 7"},
           {whole("  \"listen\": [${ \"wait\": true }]"), "listen[0] needs \"address\": \"192.168.64.1:4290\""},
           {whole("  \"admin\": { \"allow\": [\"::1\", $\"10.0.0.0/33\"] }"), "\"/33\" is not a prefix length; an IPv4 network has 0 to 32"},
           {whole("  \"admin\": { \"allow\": [$\"10.0.0/8\"] }"), "\"10.0.0/8\" is not a network; write one such as \"192.168.64.0/24\" or \"::1/128\""},
           {whole("  \"admin\": { \"allowed_hosts\": [$\"http://box\"] }"), "\"http://box\" is not a host name; write the name alone, without scheme and port, such as \"localhost\""},
           {whole("  \"admin\": { \"path\": $\"admin\" }"), "path begins and ends with / and has a name between, such as \"/-/\""},
           {whole("  \"shared\": { \"redis\": $\"127.0.0.1:6379\" }"), "redis takes a URL such as \"redis://127.0.0.1:6379\" or \"redis://:{env:REDIS_PASSWORD}@host:6379/0\", rediss:// for TLS, or \"unix:///run/redis/redis.sock\""},
           {"{\"providers\": {\"a\": {\"base_url\": $\"api.z.ai/v4\"}}}", "base_url \"api.z.ai/v4\" is not a base URL; the scheme is missing: write \"https://api.z.ai/v4\""},
           {"{\"providers\": {\"a\": {\"base_url\": $\"https://x/v4?k=1\"}}}", "base_url \"https://x/v4?k=1\" is not a base URL; it has no query and no fragment"},
           {"{\"providers\": {\"a\": {\"base_url\": $\"https://k:v@x/v4\"}}}", "base_url must hold no user name or password; put the key into \"keys\" with \"auth\": \"replace\""},
           {"{\"providers\": {\"a\": {\"base_url\": $\"https://x/v4/chat/completions\"}}}", "base_url ends before /chat/completions, which siltgate adds itself; write \"https://x/v4\""},
           {"{\"providers\": {$\"a\": {}}}", "providers.a needs \"base_url\": \"https://api.z.ai/api/coding/paas/v4\""},
           {"{\"providers\": {$\"base_url\": \"https://x\"}}", "providers holds names first: write \"providers\": { \"zai\": { \"base_url\": … } }"},
           {"{\"providers\": {$\"v1\": {\"base_url\": \"https://x\"}}}", "a provider cannot be called \"v1\": /v1 is a path of the APIs themselves"},
           {"{\"providers\": {$\"a b\": {\"base_url\": \"https://x\"}}}", "\"a b\" cannot be a name here; names have letters, digits, . _ - and begin with a letter or digit"},
           {in_provider("\"proxy\": $\"https://p:1\""), "proxy takes http:// only: TLS goes to the provider, through the proxy's CONNECT"},
           {in_provider("\"proxy\": $\"envv\""), "proxy takes \"env\", \"none\" or a URL such as \"http://proxy.example:3128\"; did you mean \"env\"?"},
       })
    expect(one);
}

TEST_CASE("what values mean together is judged", "[settings]") {
  const std::string two = "{\"providers\": {\"zai\": {\"base_url\": \"https://x\"}, \"openai\": {\"base_url\": \"https://y\"}}";
  expect({two + ",\n \"default_provider\": $\"zia\"}", "there is no provider \"zia\"; did you mean \"zai\"?"});
  expect({two + ",\n \"default_provider\": $\"qqqqqq\"}", "there is no provider \"qqqqqq\"; there is \"zai\" and \"openai\""});
  expect({in_provider("\"groups\": {\"a\": {\"models\": [\"m\", \"n\"], \"concurrency\": 1},\n \"b\": {\"models\": [$\"n\"], \"concurrency\": 2}}"),
          "the model \"n\" is in the group \"a\" already; a model is in one group at most"});
  expect({in_provider("\"groups\": {\"a\": {\"models\": [\"m\", $\"m\"], \"concurrency\": 1}}"), "\"m\" stands in this list twice"});
  expect({in_provider("\"groups\": {\"a\": {\"models\": $[], \"concurrency\": 1}}"), "models must hold at least one model"});
  expect({in_provider("\"groups\": {$\"a\": {\"models\": [\"m\"]}}"), "providers.zai.groups.a needs \"concurrency\": 2"});
  expect({in_provider("\"auth\": $\"replace\""), "auth replace needs a key to put in: \"keys\": { \"team\": { \"value\": \"{env:ZHIPU_API_KEY}\" } }"});
  ScriptedMachine world;
  world.env["K"] = "secret-key";
  const std::string keyed = "{\"listen\": [\"0.0.0.0:4290\"], @ \"providers\": {\"zai\": {\"base_url\": \"https://x\", \"auth\": $\"replace\", \"keys\": {\"a\": {\"value\": \"{env:K}\"}}}}}";
  auto with = [&keyed](const std::string& more) { return std::string(keyed).replace(keyed.find('@'), 1, more); };
  expect({with(""), "auth replace lends your key to whoever connects, and other machines can reach 0.0.0.0:4290; set \"client_tokens\", or \"allow\" on that listener"}, world);
  auto sound = [&](std::string text) { return faults_of(text.erase(text.find('$'), 1), world); };
  CHECK(sound(with("\"client_tokens\": {\"me\": \"{env:K}\"},")) == "");
  CHECK(sound(with("").replace(1, 26, "\"listen\": [{\"address\": \"0.0.0.0:4290\", \"allow\": [\"10.0.0.0/8\"]}]")) == "");
  CHECK(sound(with("").replace(12, 14, "\"[::1]:4290\"  ")) == "");
  expect({in_provider("\"keys\": {\"a\": {\"value\": \"{env:K}\"}, \"b\": {\"value\": $\"{env:K}\"}}"), "this is the same key as \"a\""}, world);
  expect({whole("  \"client_tokens\": {\"a\": \"{env:K}\", \"b\": $\"{env:K}\"}"), "this is the same token as that of \"a\""}, world);
  expect({in_provider("\"ca_file\": $\"/none.pem\""), "the file /none.pem does not exist"});
  world.file("/key.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
  expect({in_provider("\"ca_file\": $\"/key.pem\""), "the file /key.pem holds no PEM certificate"}, world);
  CHECK(faults_of(two + "}").find("there are several providers") != std::string::npos);
}

TEST_CASE("all mistakes of a file are reported in order and at most twenty", "[settings]") {
  const auto few = faults_of("{\n \"drian\": 1,\n \"drain\": 5\n \"keep_alive\": 3,\n \"providers\": {\"a\": {\"base_url\": \"x\"}}\n}");
  CHECK(few.substr(0, 4) == "2:2:");
  CHECK(std::count(few.begin(), few.end(), '\n') == 5);
  CHECK(few.find("3:12: a comma is missing here") < few.find("4:16: keep_alive"));
  std::string many = "{";
  for (int i = 0; i < 30; ++i) many += "\"zzzzz" + std::to_string(i) + "\": 1,";
  const auto outcome = load_text("f", many + "}", ScriptedMachine{}.machine());
  const auto& errors = std::get<Refused>(outcome).errors;
  CHECK(errors.size() == 21);
  CHECK(errors.back().message == "… and 11 more");
}

TEST_CASE("no message and no excerpt holds a secret", "[settings]") {
  for (const std::string& text : {in_provider("\"keys\": {\"a\": {\"value\": \"hunter2\", \"x\": 1}}"), in_provider("\"keys\": {\"a\": \"hunter2\"}"),
                                  in_provider("\"api_key\": \"hunter2\""), whole("\"client_tokens\": {\"me\": \"hunter2\"}, \"x\": 1"),
                                  in_provider("\"proxy\": \"http://u:hunter2@p:1/x\""), whole("\"shared\": {\"redis\": \"redis://:hunter2@\"}")}) {
    const auto outcome = load_text("f", text, ScriptedMachine{}.machine());
    const auto shown = std::get<Refused>(outcome).text();
    INFO(shown);
    CHECK(shown.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a key that stands where or how it must not is in no message and no excerpt", "[settings]") {
  const std::string key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0.AbCdEfGh12345678", tail = "AbCdEfGh12345678", secret = "hunter2";
  for (const std::string& text : std::vector<std::string>{
           in_provider("\"keys\": {\"team\": {\n \"value\": " + key + " }}"), in_provider("\"keys\": {\"team\": {\"value\": " + secret + "}}"),
           in_provider("\"keys\": {\"team\": {\"valeu\": \"" + secret + "\"}}"), in_provider("\"kyes\": {\"team\": {\"x\":\n " + secret + "}}"),
           in_provider("\"keys\": [\"" + secret + "\"]"), in_provider("\"keys\": [{\"value\": \"" + secret + "\"}, 1]"), in_provider("\"keys\": " + key),
           in_provider("\"keys\": {\"team\": {\"value\": \"{env:K}\" " + secret + "}}"), in_provider("\"keys\": {\"team\": {\"value\": \"{env:" + key + "}\"}}"),
           in_provider("\"keys\": {\"team\": {value: " + secret + "}}"), in_provider("\"keys\": {\"team\": {\"value\" = '" + secret + "'}}"),
           in_provider("\"keys\": {\"team\": {\"value: \"" + secret + "\"}}"), in_provider("\"keys\": {\"team\": {\"value\": \"" + secret + "}}"),
           in_provider("\"keys\": {\"" + key + "\": {\n\"valeu\": 1}}"), in_provider("\"keys\": {\"team\": {\"value\": 7" + secret + "}}"),
           in_provider("\"keys\": {\"team\": {\"value\": \"hun\\u0074er2\", \"value\": {}}}"), in_provider("\"auth\": \"replace " + key + "\" /* password: hunter2 */"),
           whole("\"client_tokens\": [\"" + secret + "\"]"), whole("\"client_tokens\": {\"me\": " + secret + "}"), whole("\"client_tokens\": {\"me\": [\"" + secret + "\"]}"),
           whole("\"drian\": 1 // the old key was " + key), whole("\"drian\": 1 // key: hunter2"), whole("\"drian\": 1 // \"value\": \"hunter2\""),
           whole("\"drian\": 1, # password hunter2"), whole("\"drian\": 1 /* Authorization: Bearer hunter2 */"),
           whole("\"drain\": " + key), whole("\"drain\": \"" + key + "\""), whole(key + ": 1"), whole("\"" + key + "\": 1"), whole("\"stream_failure\": \"sk-abcdefgh12345\""),
           "{\"providers\": {\"a\": {\"base_url\": \"https://x/v4?key=hunter2\"}}}", "{\"providers\": {\"a\": {\"base_url\": \"https://hunter2@x/v4\"}}}",
           "{\"providers\": {\"a\": {\"base_url\": https://x/v4?hunter2 }}}", "{\"providers\": {\"a\": {\"base_url\": \"https://x/" + tail + "/v4?a=1\"}}}",
           "{\"providers\": {\"a\": {\"base_url\": \"x/v4?key=" + key + "\"}}}", whole("\"shared\": {\"redis\": redis://:hunter2@h }"),
           whole("\"shared\": {\"redis\": \"hunter2@h:6379\"}"), whole("\"shared\": {\"redis\": \"hunter2@10.0.0.5\"}"), in_provider("\"proxy\": \"hunter2@p:1\""),
           whole("\"shared\": {\"redis\": hunter2@h:6379 }"),
           whole("\"listen\": [\"u:hunter2@127.0.0.1:1\"]")}) {
    const auto outcome = load_text("f", text, ScriptedMachine{}.machine());
    const auto shown = std::get<Refused>(outcome).text();
    INFO(text);
    INFO(shown);
    CHECK(shown.find("hunter2") == std::string::npos);
    CHECK(shown.find(tail) == std::string::npos);
    CHECK(shown.find("did you mean \"*") == std::string::npos);
  }
}

TEST_CASE("ordinary words stay readable in messages and excerpts", "[settings]") {
  for (const std::string& text : {whole("\"stream_failure\": error_event"), whole("\"stream_failure2024\": 1"), whole("\"tokens_per_minute\": 100000"),
                                  whole("\"drian\": 1 // see docs/config.md, the 2nd part: keys are described there, basic settings too"),
                                  in_provider("\"models\": {\"claude-3-5-sonnet-20241022\": 5}"), in_provider("\"keys\": {\"team\": {\"concurrency\": \"three\"}}"),
                                  in_provider("\"keys\": {\"team\": {\"value\": \"{env:ZHIPU_API_KEY_2}\"}}"), whole("\"default_provider\": open_router"),
                                  in_provider("\"format\": \"claude-haiku-2024\""), in_provider("\"ca_file\": \"certs/ca-v2.pem\"")}) {
    const auto shown = std::get<Refused>(load_text("f", text, ScriptedMachine{}.machine())).text();
    INFO(shown);
    CHECK(shown.find("**") == std::string::npos);
  }
}

TEST_CASE("a flag's key is in no message either", "[settings]") {
  Overrides overrides;
  overrides.upstreams = {"https://x/v4?key=hunter2", "0f1e2d3c4b5a69788796a5b4c3d2e1f0.AbCdEfGh12345678"};
  const auto shown = std::get<Refused>(load(overrides, ScriptedMachine{}.machine())).text();
  INFO(shown);
  CHECK(shown.find("hunter2") == std::string::npos);
  CHECK(shown.find("AbCdEfGh") == std::string::npos);
}
