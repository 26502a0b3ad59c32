// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge_way.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace siltgate::doctor {
namespace {

using net::Trust;

constexpr auto soon = std::chrono::hours(24 * 14);
constexpr auto clock_bound = std::chrono::seconds(60);

std::string subject_of(const Way& way) { return way.provider + " " + way.url.scheme + "://" + way.url.authority(); }

std::string day_of(WallTime time) { return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time))); }

std::string joined(const std::vector<std::string>& words, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < words.size() && i < most; ++i) out += (i == 0 ? "" : ", ") + words[i];
  return words.size() > most ? out + ", …" : out;
}

Finding dns(const Way& way, const net::WaySeen& seen) {
  const std::string& host = way.proxy ? way.proxy->host : way.url.host;
  if (!seen.addresses.empty()) return {"dns", State::ok, host, joined(seen.addresses, 3), ""};
  const std::string whose = way.proxy ? "the proxy of " + way.proxy_from : "the provider";
  return {"dns", State::fault, host, "the name of " + whose + " does not resolve: " + seen.dns_fault,
          "getent hosts " + host + "      # the same question to the system; mend /etc/resolv.conf, VPN or the name in " +
              (way.proxy ? way.proxy_from : "providers." + way.provider + ".base_url")};
}

bool from_environment(const Way& way) { return !way.proxy_from.starts_with("providers."); }

/// A proxy that the configuration names does not heed NO_PROXY.
std::string around(const Way& way) {
  if (from_environment(way)) return "export NO_PROXY=" + way.url.host + "      # go around it";
  return "\"proxy\": \"none\"      // under providers." + way.provider + ": go around it";
}

Finding tcp(const Way& way, const net::WaySeen& seen) {
  if (seen.connected) return {"tcp", State::ok, way.proxy ? way.proxy->authority() : way.url.authority(), "connected to " + seen.peer, ""};
  if (way.proxy)
    return {"proxy", State::fault, way.proxy_from + " = http://" + way.proxy->authority(), "the proxy cannot be reached: " + seen.tcp_fault,
            from_environment(way) ? "unset " + way.proxy_from + "      # or start the proxy, or go around it: export NO_PROXY=" + way.url.host : around(way) + ", or start the proxy"};
  return {"tcp", State::fault, way.url.authority(), "no connection: " + seen.tcp_fault,
          "curl -v " + way.url.scheme + "://" + way.url.authority() + "/      # a firewall, a tunnel that is down, or a network that wants a proxy (HTTPS_PROXY)"};
}

std::optional<Finding> proxy(const Way& way, const net::WaySeen& seen) {
  if (!way.proxy) return {};
  const std::string subject = way.proxy_from + " = http://" + way.proxy->authority();
  if (seen.proxy_fault.empty()) return Finding{"proxy", State::note, subject, "requests to " + way.provider + " go through this proxy", ""};
  return Finding{"proxy", State::fault, subject, seen.proxy_fault,
                 around(way) + "; or put user and password into the URL: http://user:password@" + way.proxy->authority()};
}

/// The command that shows what the other side sends.
std::string handshake(const Way& way) { return "openssl s_client -connect " + way.url.authority() + (way.url.port == 443 ? ":443" : "") + " -showcerts </dev/null"; }

/// "base_url" of this provider with another name.
std::string base_url_of(const Way& way, const std::string& name) {
  Url url = way.url;
  url.host = name;
  return "\"base_url\": \"" + url.scheme + "://" + url.authority() + url.path + "\"      // under providers." + way.provider + ", if that is whom you mean; else the";
}

std::string trust_anchor(const Way& way) {
  const std::string file = way.other_ca.empty() ? "/etc/ssl/certs/corporate.pem" : way.other_ca;
  return "\"ca_file\": \"" + file + "\"      // under providers." + way.provider + ": the file with that authority's certificate (PEM)\n" +
         handshake(way) + "      # shows what is sent";
}

bool has(const net::TlsSeen& tls, Trust what) { return std::find(tls.distrust.begin(), tls.distrust.end(), what) != tls.distrust.end(); }

// Which of several distrusts is told first:
//   1. expired or not yet valid, 2. another name, 3. an authority nobody here knows, 4. anything else
std::vector<Finding> distrusted(const Way& way, const net::TlsSeen& tls, WallTime now) {
  const net::CertificateSeen leaf = tls.chain.empty() ? net::CertificateSeen{} : tls.chain.front();
  const std::string subject = subject_of(way);
  std::vector<Finding> out;
  if (has(tls, Trust::expired)) {   // 1
    const net::CertificateSeen which = tls.expired.value_or(leaf);
    out.push_back({"tls", State::fault, subject, "the certificate of \"" + which.subject + "\" expired on " + day_of(which.not_after) + "; this machine's clock says " + day_of(now),
                   "date -u      # if that is wrong, set it: timedatectl set-ntp true; else whoever runs " + way.url.host + " must renew it"});
  }
  if (has(tls, Trust::not_yet_valid))
    out.push_back({"tls", State::fault, subject, "the certificate is valid from " + day_of(leaf.not_before) + " on; this machine's clock says " + day_of(now),
                   "timedatectl set-ntp true      # the clock is most likely behind"});
  if (has(tls, Trust::wrong_name)) {   // 2
    const auto named = std::find_if(leaf.names.begin(), leaf.names.end(), [](const std::string& each) { return each.find('*') == std::string::npos; });
    out.push_back({"tls", State::fault, subject, "the certificate is for " + joined(leaf.names.empty() ? std::vector<std::string>{leaf.subject} : leaf.names, 4) + ", not for " + way.url.host,
                   (named == leaf.names.end() ? "# the" : base_url_of(way, *named)) + " name leads to a wrong machine: getent hosts " + way.url.host});
  }
  const bool stranger = has(tls, Trust::unknown_issuer) || has(tls, Trust::self_signed);
  if (stranger && !way.empty_store.empty()) {
    out.push_back({"tls", State::fault, subject, "this machine has no certificates to trust: " + way.empty_store + " hold none",
                   "apt-get install ca-certificates      # or what brings the system's certificates elsewhere; then: siltgate reload"});
  } else if (stranger) {   // 3
    const std::string issuer = tls.chain.empty() ? "somebody" : tls.chain.back().issuer;
    const bool lone = tls.chain.size() == 1 && !has(tls, Trust::self_signed);
    const std::string who = has(tls, Trust::self_signed) ? "the certificate is signed by itself" : "the certificate is signed by \"" + issuer + "\", which this machine does not know";
    out.push_back({"tls", State::fault, subject, who + "; a company's proxy that opens TLS looks like this" + (lone ? ", and so does a server that forgets to send the certificates between it and its authority" : "") + (way.ca_file.empty() ? "" : " (ca_file " + way.ca_file + " does not hold it)"),
                   trust_anchor(way)});
  }
  if (out.empty()) out.push_back({"tls", State::fault, subject, "the certificate is refused: " + tls.distrust_text, handshake(way) + "      # shows it; whoever runs " + way.url.host + ", or the proxy that opens TLS, must replace it"});   // 4
  return out;
}

std::string after_handshake(const Way& way, const std::string& fault) {
  if (fault.find("tls_min") != std::string::npos) return "whoever runs " + way.url.host + " must offer TLS 1.2 or newer; does tls_min ask for more?";
  if (fault.find("refused the handshake") != std::string::npos) return "a server that does not know this name, or wants a certificate from its clients, says no like this";
  return "or is it plain HTTP? then write http:// in providers." + way.provider + ".base_url";
}

std::vector<Finding> tls_findings(const Way& way, const net::TlsSeen& tls, WallTime now) {
  const std::string subject = subject_of(way);
  if (!tls.finished)
    return {{"tls", State::fault, subject, "the TLS handshake failed: " + tls.fault,
             handshake(way) + "      # " + after_handshake(way, tls.fault)}};
  if (!tls.distrust.empty()) return distrusted(way, tls, now);
  const net::CertificateSeen leaf = tls.chain.empty() ? net::CertificateSeen{} : tls.chain.front();
  const bool ending = leaf.not_after < now + soon;
  return {{"tls", ending ? State::warning : State::ok, subject,
           tls.version + ", certificate of \"" + leaf.subject + "\" by \"" + (tls.chain.empty() ? "" : tls.chain.back().issuer) + "\", valid until " + day_of(leaf.not_after),
           ending ? "whoever runs " + way.url.host + " must renew it before" : ""}};
}

std::optional<Finding> answer(const Way& way, const net::WaySeen& seen) {
  if (!seen.answer) return {};
  if (seen.answer->status > 0) return Finding{"answer", State::ok, subject_of(way), fmt::format("answers HTTP ({} to HEAD /)", seen.answer->status), ""};
  if (seen.answer->tls_broke)
    return Finding{"tls", State::fault, subject_of(way), "the handshake went well, but " + seen.answer->fault,
                   handshake(way) + "      # a server that wants a certificate from its clients says so there; siltgate has none to give"};
  return Finding{"answer", State::warning, subject_of(way), "connected, but to HEAD / " + seen.answer->fault,
                 "curl -v " + way.url.scheme + "://" + way.url.authority() + "/" + (way.url.tls() ? "" : "      # or does it speak TLS? then write https:// in providers." + way.provider + ".base_url")};
}

}  // namespace

std::optional<Finding> judge_clock(const std::string& subject, const net::AnswerSeen& answer) {
  const auto theirs = net::parse_http_date(answer.date);
  if (!theirs) return {};
  const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(answer.at - *theirs);
  if (std::chrono::abs(ahead) <= clock_bound) return Finding{"clock", State::ok, subject, "this machine and the provider agree on the time", ""};
  return Finding{"clock", State::fault, subject,
                 fmt::format("this machine's clock is {} s {} the provider's ({} there); certificates, Retry-After dates and quota resets are judged wrongly",
                             std::chrono::abs(ahead).count(), ahead.count() > 0 ? "ahead of" : "behind", day_of(*theirs)),
                 "timedatectl set-ntp true      # macOS: sudo sntp -sS time.apple.com; a VM: let the host set its clock after it slept"};
}

Findings judge_way(const Way& way, const net::WaySeen& seen, WallTime now) {
  Findings out;
  const bool literal = seen.addresses == std::vector<std::string>{(way.proxy ? *way.proxy : way.url).host};
  if (!literal) out.push_back(dns(way, seen));
  if (seen.addresses.empty()) return out;
  out.push_back(tcp(way, seen));
  if (!seen.connected) return out;
  if (auto finding = proxy(way, seen)) out.push_back(std::move(*finding));
  if (!seen.proxy_fault.empty()) return out;
  if (seen.tls)
    for (Finding& each : tls_findings(way, *seen.tls, now)) out.push_back(std::move(each));
  if (auto finding = answer(way, seen)) out.push_back(std::move(*finding));
  if (seen.answer)
    if (auto finding = judge_clock(subject_of(way), *seen.answer)) out.push_back(std::move(*finding));
  return out;
}

}  // namespace siltgate::doctor
