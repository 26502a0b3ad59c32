// SPDX-License-Identifier: Apache-2.0
#include "cli/service_steps.hpp"

#include "support/catch.hpp"

using namespace siltgate::cli;

namespace {

std::string shown(const std::vector<ServiceStep>& steps) {
  std::string out;
  for (const ServiceStep& each : steps) out += each.shown() + "\n";
  return out;
}

ServicePlace user_place() {
  ServicePlace place;
  place.program = "/opt/siltgate";
  place.home = "/home/u";
  place.config_home = "/home/u/.config";
  place.uid = 501;
  return place;
}

ServicePlace system_place() {
  ServicePlace place = user_place();
  place.system = true;
  place.uid = 0;
  return place;
}

}  // namespace

TEST_CASE("a user service of systemd is written, loaded and enabled", "[cli]") {
  const auto steps = systemd_steps("install", user_place());
  CHECK(shown(steps) == "write /home/u/.config/siltgate/siltgate.jsonc\nwrite /home/u/.config/systemd/user/siltgate.service\n"
                        "systemctl --user daemon-reload\nsystemctl --user enable siltgate.service\n");
  CHECK(steps[0].mode == 0600);
  CHECK(steps[1].text.find("ExecStart=/opt/siltgate run\n") != std::string::npos);
  CHECK(steps[1].text.find("/usr/bin/siltgate") == std::string::npos);
}

TEST_CASE("what a package brought and what is there is left alone", "[cli]") {
  ServicePlace place = system_place();
  place.unit_packaged = place.config_exists = true;
  CHECK(shown(systemd_steps("install", place)) == "systemctl daemon-reload\nsystemctl enable siltgate.service\n");
  CHECK(shown(systemd_steps("uninstall", place)) == "systemctl disable --now siltgate.service\nsystemctl daemon-reload\n");
  CHECK(systemd_steps("install", system_place()).front().mode == 0644);
  CHECK(shown(systemd_steps("uninstall", system_place())).find("rm /etc/systemd/system/siltgate.service\n") != std::string::npos);
}

TEST_CASE("the other actions of systemd are one command each", "[cli]") {
  CHECK(shown(systemd_steps("start", user_place())) == "systemctl --user start siltgate.service\n");
  CHECK(shown(systemd_steps("stop", system_place())) == "systemctl stop siltgate.service\n");
  CHECK(shown(systemd_steps("logs", system_place())) == "journalctl --unit=siltgate.service --lines=100 --no-pager\n");
  ServicePlace place = user_place();
  place.follow = true;
  CHECK(shown(systemd_steps("logs", place)) == "journalctl --user-unit=siltgate.service --lines=100 --follow\n");
}

TEST_CASE("launchd gets an agent for a user and a daemon without root for the system", "[cli]") {
  const auto agent = launchd_steps("install", user_place());
  CHECK(agent[1].path == "/home/u/Library/LaunchAgents/com.siltgate.siltgate.plist");
  CHECK(agent[1].text.find("exec /opt/siltgate run") != std::string::npos);
  CHECK(shown(launchd_steps("start", user_place())) ==
        "launchctl bootstrap gui/501 /home/u/Library/LaunchAgents/com.siltgate.siltgate.plist\nlaunchctl kickstart gui/501/com.siltgate.siltgate\n");
  const auto daemon = launchd_steps("install", system_place());
  CHECK(daemon[1].path == "/Library/LaunchDaemons/com.siltgate.siltgate.plist");
  CHECK(daemon[1].text.find("<key>UserName</key>") != std::string::npos);
  CHECK(daemon[1].text.find("$HOME") == daemon[1].text.find("$HOME in StandardErrorPath"));
  CHECK(shown(launchd_steps("stop", system_place())) == "launchctl bootout system/com.siltgate.siltgate\n");
  CHECK(shown(launchd_steps("logs", user_place())) == "tail -n 100 /home/u/Library/Logs/siltgate.log\n");
}

TEST_CASE("a siltgate.socket is stopped and disabled before the service, which it would start again", "[cli]") {
  ServicePlace place = system_place();
  place.unit_packaged = place.socket_unit = true;
  CHECK(shown(systemd_steps("uninstall", place)) ==
        "systemctl disable --now siltgate.socket\nsystemctl disable --now siltgate.service\nsystemctl daemon-reload\n");
  CHECK(shown(systemd_steps("stop", place)) == "systemctl stop siltgate.socket siltgate.service\n");
  CHECK(shown(systemd_steps("start", place)) == "systemctl start siltgate.service\n");
}

TEST_CASE("a program's path is spelt as each service manager reads it", "[cli]") {
  ServicePlace place = user_place();
  place.program = "/opt/my tools 50%/$new/siltgate";
  CHECK(systemd_steps("install", place)[1].text.find("ExecStart=\"/opt/my tools 50%%/$new/siltgate\" run\n") != std::string::npos);
  place.program = "/opt/my tools & <more>/it's/siltgate";
  CHECK(launchd_steps("install", place)[1].text.find(R"(exec '/opt/my tools &amp; &lt;more&gt;/it'\''s/siltgate' run 2)") != std::string::npos);
  place.program = "/opt/plain-1.0/siltgate";
  CHECK(systemd_steps("install", place)[1].text.find("ExecStart=/opt/plain-1.0/siltgate run\n") != std::string::npos);
}
