// SPDX-License-Identifier: Apache-2.0
// What observations mean. The observations themselves are made in tests/socket/doctor_test.cpp.
#include <nlohmann/json.hpp>

#include "doctor/judge_listen.hpp"
#include "doctor/judge_opencode.hpp"
#include "doctor/judge_way.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace siltgate::doctor {
namespace {

const WallTime now = std::chrono::system_clock::from_time_t(1800000000);

Way way_to(const std::string& url) { return {"zai", *parse_url(url), {}, "", "", ""}; }

net::WaySeen reached() {
  net::WaySeen seen;
  seen.addresses = {"192.0.2.1"};
  seen.connected = true;
  seen.peer = "192.0.2.1:443";
  seen.tls = net::TlsSeen{true, "", "TLSv1.3", {}, "", {{"api.z.ai", "Public CA", {"api.z.ai", "*.z.ai"}, now - 24h * 30, now + 24h * 60}}};
  return seen;
}

/// The only fault; fails the test when there is none or several.
Finding fault_of(const Findings& findings) {
  std::vector<Finding> faults;
  for (const Finding& each : findings)
    if (each.state == State::fault) faults.push_back(each);
  REQUIRE(faults.size() == 1);
  CHECK_FALSE(faults.front().looked_at.empty());
  CHECK_FALSE(faults.front().remedy.empty());
  return faults.front();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Finding distrusted(net::Trust why) {
  net::WaySeen seen = reached();
  seen.tls->distrust = {why};
  seen.tls->chain.front().issuer = "Corp Inc (Corp Proxy CA)";
  if (why == net::Trust::expired) seen.tls->chain.front().not_after = now - 24h;
  return fault_of(judge_way(way_to("https://api.z.ai/v4"), seen, now));
}

OpencodeSeen healthy() {
  OpencodeSeen seen;
  seen.files = {{"/o.json", R"({"provider": {"zai": {"options": {"baseURL": "http://localhost:4290/v1"}}}})", true}};
  seen.addresses = {"127.0.0.1:4290"};
  seen.installed = seen.modules = seen.models_cached = true;
  seen.version = "1.18.33";
  return seen;
}

}  // namespace

TEST_CASE("a sound way has no fault and names what it saw", "[doctor]") {
  const Findings findings = judge_way(way_to("https://api.z.ai/v4"), reached(), now);
  CHECK_FALSE(any_fault(findings));
  CHECK(has(findings_text(findings, false), "TLSv1.3, certificate of \"api.z.ai\""));
}

TEST_CASE("each step that fails ends the way with its own remedy", "[doctor]") {
  net::WaySeen seen;
  seen.dns_fault = "Name or service not known";
  CHECK(fault_of(judge_way(way_to("https://api.z.ai"), seen, now)).check == "dns");
  seen.addresses = {"192.0.2.1"};
  seen.tcp_fault = "192.0.2.1:443: Connection refused";
  CHECK(fault_of(judge_way(way_to("https://api.z.ai"), seen, now)).check == "tcp");
  Way proxied = way_to("https://api.z.ai");
  proxied.proxy = parse_url("http://proxy:3128");
  proxied.proxy_from = "HTTPS_PROXY";
  const Finding dead = fault_of(judge_way(proxied, seen, now));
  CHECK(dead.check == "proxy");
  CHECK(has(dead.remedy, "unset HTTPS_PROXY"));
  seen.connected = true;
  seen.proxy_fault = "the proxy answered CONNECT api.z.ai:443 with: HTTP/1.1 407 Who are you";
  CHECK(has(fault_of(judge_way(proxied, seen, now)).remedy, "NO_PROXY=api.z.ai"));
}

TEST_CASE("each kind of distrust is told by its reason", "[doctor]") {
  CHECK(has(distrusted(net::Trust::expired).found, "expired on 2027-01-14"));
  CHECK(has(distrusted(net::Trust::wrong_name).found, "for api.z.ai, *.z.ai, not for"));
  CHECK(has(distrusted(net::Trust::unknown_issuer).found, "Corp Inc (Corp Proxy CA)"));
  CHECK(has(distrusted(net::Trust::unknown_issuer).remedy, "\"ca_file\": "));
  CHECK(has(distrusted(net::Trust::self_signed).found, "signed by itself"));
  CHECK(has(distrusted(net::Trust::not_yet_valid).remedy, "timedatectl"));
  Way known = way_to("https://api.z.ai");
  known.other_ca = "/etc/corp.pem";
  net::WaySeen seen = reached();
  seen.tls->distrust = {net::Trust::unknown_issuer};
  CHECK(has(fault_of(judge_way(known, seen, now)).remedy, "\"ca_file\": \"/etc/corp.pem\""));
}

TEST_CASE("a remedy for TLS keeps the port, names no pattern and helps against what is wrong", "[doctor]") {
  net::WaySeen seen = reached();
  seen.tls->distrust = {net::Trust::wrong_name};
  seen.tls->chain.front().names = {"*.z.ai", "other.example"};
  CHECK(has(fault_of(judge_way(way_to("https://api.z.ai:8443/v4"), seen, now)).remedy, "\"base_url\": \"https://other.example:8443/v4\""));
  seen.tls->chain.front().names = {"*.z.ai"};
  CHECK_FALSE(has(fault_of(judge_way(way_to("https://a.b.z.ai"), seen, now)).remedy, "base_url"));
  seen.tls->distrust = {net::Trust::other};
  seen.tls->distrust_text = "EE certificate key too weak";
  CHECK_FALSE(has(fault_of(judge_way(way_to("https://api.z.ai"), seen, now)).remedy, "ca_file"));
  CHECK(has(distrusted(net::Trust::unknown_issuer).found, "forgets to send"));
}

TEST_CASE("the certificate that expired is named, also where it was not sent", "[doctor]") {
  net::WaySeen seen = reached();
  seen.tls->distrust = {net::Trust::expired};
  seen.tls->expired = net::CertificateSeen{"Old Root", "Old Root", {}, now - 24h * 900, now - 24h};
  const Finding fault = fault_of(judge_way(way_to("https://api.z.ai"), seen, now));
  CHECK(has(fault.found, "\"Old Root\" expired on 2027-01-14"));
}

TEST_CASE("a machine without any certificates to trust is told so", "[doctor]") {
  Way way = way_to("https://api.z.ai");
  way.empty_store = "/usr/lib/ssl/cert.pem and /usr/lib/ssl/certs";
  net::WaySeen seen = reached();
  seen.tls->distrust = {net::Trust::unknown_issuer};
  const Finding fault = fault_of(judge_way(way, seen, now));
  CHECK(has(fault.found, "/usr/lib/ssl/certs hold none"));
  CHECK(has(fault.remedy, "ca-certificates"));
}

TEST_CASE("plain HTTP is not suspected where TLS was spoken", "[doctor]") {
  net::WaySeen seen = reached();
  seen.tls->finished = false;
  const auto remedy_of = [&seen](const char* fault) {
    seen.tls->fault = fault;
    return fault_of(judge_way(way_to("https://api.z.ai"), seen, now)).remedy;
  };
  CHECK(has(remedy_of("what answers there speaks no TLS; plain HTTP or another port? (wrong version number)"), "http://"));
  CHECK_FALSE(has(remedy_of("the other side refused the handshake: unrecognized name (tlsv1 unrecognized name)"), "http://"));
  CHECK(has(remedy_of("the other side speaks no TLS version that tls_min allows (tlsv1 alert protocol version)"), "TLS 1.2"));
}

TEST_CASE("TLS that breaks behind its handshake is a fault", "[doctor]") {
  net::WaySeen seen = reached();
  seen.answer = net::AnswerSeen{};
  seen.answer->fault = "upstream ended TLS with the alert \"certificate required\"";
  seen.answer->tls_broke = true;
  const Finding fault = fault_of(judge_way(way_to("https://api.z.ai"), seen, now));
  CHECK(fault.check == "tls");
  CHECK(has(fault.found, "certificate required"));
}

TEST_CASE("a proxy of the configuration is not left by NO_PROXY", "[doctor]") {
  Way way = way_to("https://api.z.ai");
  way.proxy = parse_url("http://proxy:3128");
  way.proxy_from = "providers.zai.proxy";
  net::WaySeen seen = reached();
  seen.proxy_fault = "the proxy did not answer CONNECT api.z.ai:443";
  CHECK(has(fault_of(judge_way(way, seen, now)).remedy, "\"proxy\": \"none\""));
  seen.connected = false;
  seen.tcp_fault = "192.0.2.1:3128: Connection refused";
  const Finding dead = fault_of(judge_way(way, seen, now));
  CHECK(has(dead.remedy, "\"proxy\": \"none\""));
  CHECK_FALSE(has(dead.remedy, "unset"));
}

TEST_CASE("what others say steers no terminal", "[doctor]") {
  const Findings findings{{"proxy", State::fault, "HTTPS_PROXY", "the proxy answered with: HTTP/1.1 407 \x1b[31mred\nsecond line", "remedy\x1b[2J"}};
  const std::string text = findings_text(findings, false);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(has(text, "407 \\x1b[31mred\n"));
  CHECK(has(text, "second line"));
}

TEST_CASE("a certificate that ends soon is a warning", "[doctor]") {
  net::WaySeen seen = reached();
  seen.tls->chain.front().not_after = now + 24h * 3;
  const Findings findings = judge_way(way_to("https://api.z.ai"), seen, now);
  CHECK_FALSE(any_fault(findings));
  CHECK(has(findings_text(findings, false), "WARNING  tls"));
}

TEST_CASE("clocks that differ by more than a minute are a fault", "[doctor]") {
  net::AnswerSeen answer;
  answer.date = "Fri, 15 Jan 2027 08:00:00 GMT";
  const WallTime theirs = *net::parse_http_date(answer.date);
  CHECK(theirs == now);
  answer.at = theirs + 59s;
  CHECK(judge_clock("x", answer)->state == State::ok);
  answer.at = theirs + 3600s;
  CHECK(has(judge_clock("x", answer)->found, "3600 s ahead of"));
  answer.at = theirs - 90s;
  CHECK(has(judge_clock("x", answer)->found, "90 s behind"));
  answer.date = "yesterday";
  CHECK_FALSE(judge_clock("x", answer));
}

TEST_CASE("a held port is a fault unless siltgate holds it", "[doctor]") {
  ListenSeen seen{{}, {net::ListenProbe::State::held, "nginx (pid 7)"}, false};
  CHECK(judge_listen(seen).state == State::fault);
  CHECK(has(judge_listen(seen).found, "nginx (pid 7)"));
  seen.held_by_siltgate = true;
  CHECK(judge_listen(seen).state == State::ok);
  seen = {{}, {net::ListenProbe::State::held, "systemd (pid 1)"}, false};
  CHECK(judge_listen(seen).state == State::ok);
  seen = {{}, {net::ListenProbe::State::no_such_address, ""}, false};
  CHECK(judge_listen(seen).state == State::fault);
  seen.where.wait = true;
  CHECK(judge_listen(seen).state == State::note);
}

TEST_CASE("a proxy variable without NO_PROXY is a fault that lists what is missing", "[doctor]") {
  CHECK(judge_no_proxy({"127.0.0.1:4290"}, "HTTP_PROXY", "")->remedy == "export NO_PROXY=127.0.0.1,localhost");
  CHECK(judge_no_proxy({"127.0.0.1:4290", "192.168.64.1:4290"}, "HTTP_PROXY", ".corp,127.0.0.1")->remedy == "export NO_PROXY=.corp,127.0.0.1,192.168.64.1");
  CHECK_FALSE(judge_no_proxy({"127.0.0.1:4290", "[::1]:4290"}, "HTTP_PROXY", "127.0.0.1,::1"));
  CHECK_FALSE(judge_no_proxy({"127.0.0.1:4290"}, "HTTP_PROXY", "*"));
}

TEST_CASE("guests are told the address, the variable and the line that is missing", "[doctor]") {
  GuestSeen seen;
  seen.listen = {{}};
  seen.interfaces = {{"eth0", "10.1.2.3", "10.1.2.0/24"}, {"virbr0", "192.168.122.1", "192.168.122.0/24"}};
  const Finding closed = fault_of(judge_guest(seen));
  CHECK(has(closed.remedy, R"({ "address": "192.168.122.1:4290", "wait": true, "allow": ["192.168.122.0/24"] })"));
  CHECK_FALSE(has(closed.remedy, "10.1.2.3"));
  seen.listen.push_back({"192.168.122.1", 4290, true, {"192.168.122.0/24"}});
  const std::string open = findings_text(judge_guest(seen), false);
  CHECK(has(open, "export NO_PROXY=127.0.0.1,localhost,192.168.122.1"));
  CHECK(has(open, "base URL http://192.168.122.1:4290/v1"));
  CHECK_FALSE(any_fault(judge_guest(seen)));
  seen.listen.back().allow.clear();
  CHECK(has(findings_text(judge_guest(seen), false), "WARNING  guest"));
  seen.running = true;
  seen.listen.back().wait = false;
  seen.reached = {{"192.168.122.1:4290", 0, "Connection refused", ""}};
  CHECK(has(fault_of(judge_guest(seen)).found, "Connection refused"));
}

TEST_CASE("inside the guest reachability, refusal and NO_PROXY are judged", "[doctor]") {
  CHECK(fault_of(judge_in_guest({"192.168.64.1:4290", 0, "No route to host", ""}, {}, {})).check == "guest");
  CHECK(has(fault_of(judge_in_guest({"192.168.64.1:4290", 403, "", "peer 192.168.64.7"}, {}, {})).found, "192.168.64.7"));
  CHECK(has(fault_of(judge_in_guest({"192.168.64.1:4290", 403, "", "add: \"admin\": { \"allowed_hosts\": […] }"}, {}, {})).remedy,
            R"("allowed_hosts": ["localhost", "192.168.64.1"])"));
  CHECK_FALSE(any_fault(judge_in_guest({"192.168.64.1:4290", 200, "", ""}, {}, {})));
  CHECK(has(fault_of(judge_in_guest({"192.168.64.1:4290", 200, "", ""}, "HTTP_PROXY", "localhost")).remedy, "192.168.64.1"));
}

TEST_CASE("a healthy opencode has no fault", "[doctor]") { CHECK_FALSE(any_fault(judge_opencode(healthy()))); }

TEST_CASE("each trap of opencode is found alone", "[doctor]") {
  OpencodeSeen seen = healthy();
  seen.input = OpencodeSeen::Input::waits;
  CHECK(has(fault_of(judge_opencode(seen)).remedy, "</dev/null"));
  seen = healthy();
  seen.modules = false;
  seen.registry_fault = "no answer within 3000 ms";
  CHECK(has(fault_of(judge_opencode(seen)).remedy, "OPENCODE_DISABLE_DEFAULT_PLUGINS=1"));
  seen.registry_fault = "";
  CHECK_FALSE(any_fault(judge_opencode(seen)));
  seen = healthy();
  seen.files.clear();
  CHECK(has(fault_of(judge_opencode(seen)).remedy, "siltgate setup opencode --write"));
  seen = healthy();
  seen.files.front().text = "{ \"provider\": }";
  CHECK(has(fault_of(judge_opencode(seen)).found, "/o.json:1:15"));
  seen.files.front().text = R"({"provider": {"zai": {"options": {"baseURL": "https://127.0.0.1:4290/v1"}}}})";
  CHECK(has(fault_of(judge_opencode(seen)).remedy, "\"http://127.0.0.1:4290/v1\""));
  seen.files.front().text = R"({"provider": {"zai": {"options": {"baseURL": "http://127.0.0.1:9/v1"}}}})";
  CHECK(has(findings_text(judge_opencode(seen), false), "where no siltgate listens"));
}

TEST_CASE("a stronger file beats a weaker one", "[doctor]") {
  OpencodeSeen seen = healthy();
  seen.files.push_back({"./opencode.json", R"({"provider": {"zai": {"options": {"baseURL": "https://api.z.ai/v4"}}}})", true});
  CHECK(has(findings_text(judge_opencode(seen), false), "goes around siltgate: https://api.z.ai/v4 (./opencode.json)"));
}

TEST_CASE("versions before 1.15.13 replay requests", "[doctor]") {
  for (const char* old : {"1.1.34", "1.14.41", "1.15.12", "0.9.0"}) CHECK(replays_requests(old) == true);
  for (const char* sound : {"1.15.13", "1.18.33", "2.0.0"}) CHECK(replays_requests(sound) == false);
  CHECK_FALSE(replays_requests("dev"));
  OpencodeSeen seen = healthy();
  seen.version = "1.1.34";
  CHECK(has(findings_text(judge_opencode(seen), false), "repeats a POST"));
}

TEST_CASE("findings as JSON hold what the text holds", "[doctor]") {
  const Findings findings{{"dns", State::fault, "host", "does not resolve", "getent hosts host"}, {"port", State::ok, "x", "free", ""}};
  const auto json = nlohmann::json::parse(findings_json(findings, "1.2.3"));
  CHECK(json["ok"] == false);
  CHECK(json["version"] == "1.2.3");
  CHECK(json["findings"][0]["remedy"] == "getent hosts host");
  CHECK(json["findings"][1]["state"] == "ok");
  CHECK(has(findings_text(findings, false), "1 fault, 0 warnings, 2 looked at"));
}

}  // namespace siltgate::doctor
