// SPDX-License-Identifier: Apache-2.0
#include "net/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "support/catch.hpp"

using namespace siltgate::net;
namespace fs = std::filesystem;

namespace {

/// A directory of its own for each test.
struct Scratch {
  std::string path;

  Scratch() {
    char name[] = "/tmp/siltgate-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path); }

  ControlPlace place() const {
    ControlPlace out;
    out.temporary = path;
    out.system = path + "/run";
    out.user = static_cast<unsigned>(::geteuid());
    return out;
  }
};

/// A bound Unix socket; the file outlives it, as after a crash.
class Bound {
 public:
  explicit Bound(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 4) == 0);
  }
  Bound(const Bound&) = delete;
  Bound& operator=(const Bound&) = delete;
  ~Bound() { ::close(fd_); }

 private:
  int fd_;
};

unsigned mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

}  // namespace

TEST_CASE("the socket lives in the runtime directory, else in XDG's, else in /tmp", "[net]") {
  const Scratch scratch;
  ControlPlace place = scratch.place();
  place.user = 1000;
  CHECK(control_path_for(4290, place) == scratch.path + "/siltgate-1000/control-4290.sock");
  place.xdg_runtime_dir = "/nonexistent";
  CHECK(control_directory(place) == scratch.path + "/siltgate-1000");
  place.xdg_runtime_dir = scratch.path;
  CHECK(control_directory(place) == scratch.path + "/siltgate");
  place.runtime_directory = "/run/siltgate:/run/other";
  CHECK(control_directory(place) == "/run/siltgate");
}

TEST_CASE("preparing makes a directory only we can enter", "[net]") {
  const Scratch scratch;
  const std::string path = control_path_for(1, scratch.place());
  CHECK(prepare_control_socket(path, scratch.place()) == "");
  CHECK(mode_of(fs::path(path).parent_path()) == 0700);
  const Bound bound(path);
  CHECK(restrict_control_socket(path));
  CHECK(mode_of(path) == 0600);
}

TEST_CASE("a directory that is a link or open to others is refused", "[net]") {
  const Scratch scratch;
  const ControlPlace place = scratch.place();
  const std::string directory = control_directory(place);
  fs::create_directory(scratch.path + "/elsewhere");
  fs::create_symlink(scratch.path + "/elsewhere", directory);
  CHECK(prepare_control_socket(control_path_for(1, place), place).find("symbolic link") != std::string::npos);
  fs::remove(directory);
  fs::create_directory(directory);
  REQUIRE(::chmod(directory.c_str(), 0755) == 0);
  CHECK(prepare_control_socket(control_path_for(1, place), place).find("chmod 700") != std::string::npos);
  REQUIRE(::chmod(directory.c_str(), 01777) == 0);   // as /tmp is
  const std::string shared = prepare_control_socket(control_path_for(1, place), place);
  CHECK(shared.find("chmod") == std::string::npos);
  CHECK(shared.find("choose a directory of its own, such as " + directory + "/siltgate") != std::string::npos);
}

TEST_CASE("a directory of another user is refused and not looked into", "[net]") {
  const Scratch scratch;
  ControlPlace place = scratch.place();
  REQUIRE(prepare_control_socket(control_path_for(1, place), place) == "");
  const Bound bound(control_path_for(1, place));
  const std::string directory = control_directory(place);
  ++place.user;
  fs::rename(directory, control_directory(place));
  CHECK(prepare_control_socket(control_path_for(1, place), place).find("another user") != std::string::npos);
  CHECK(find_control_socket({}, place).live.empty());
}

TEST_CASE("a stale socket is removed, a live one is left and told", "[net]") {
  const Scratch scratch;
  const ControlPlace place = scratch.place();
  const std::string path = control_path_for(1, place);
  REQUIRE(prepare_control_socket(path, place) == "");
  {
    const Bound bound(path);
    CHECK(probe_control_socket(path) == ControlState::live);
    CHECK(prepare_control_socket(path, place).find("another siltgate is live") != std::string::npos);
    CHECK(fs::exists(path));
  }
  CHECK(probe_control_socket(path) == ControlState::stale);
  CHECK(prepare_control_socket(path, place) == "");
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a file that is no socket is never removed", "[net]") {
  const Scratch scratch;
  const ControlPlace place = scratch.place();
  const std::string path = control_path_for(1, place);
  REQUIRE(prepare_control_socket(path, place) == "");
  std::ofstream(path) << "mine";
  CHECK(prepare_control_socket(path, place).find("not a socket") != std::string::npos);
  CHECK(fs::exists(path));
}

TEST_CASE("a path too long for a socket is told", "[net]") {
  ControlPlace place;
  place.temporary = "/tmp/" + std::string(120, 'x');
  CHECK(prepare_control_socket(control_path_for(1, place), place).find("longer") != std::string::npos);
}

TEST_CASE("clients take the only live socket, and ask when there are several", "[net]") {
  const Scratch scratch;
  const ControlPlace place = scratch.place();
  CHECK(find_control_socket({}, place).path.empty());
  const std::string one = control_path_for(4290, place), two = control_path_for(4291, place);
  REQUIRE(prepare_control_socket(one, place) == "");
  const Bound first(one);
  CHECK(find_control_socket({}, place).path == one);
  CHECK(find_control_socket(4290, place).path == one);
  CHECK(find_control_socket(4291, place).path.empty());
  { const Bound gone(control_path_for(5000, place)); }
  CHECK(find_control_socket({}, place).path == one);
  const Bound second(two);
  CHECK(find_control_socket({}, place).path.empty());
  CHECK(find_control_socket({}, place).live == std::vector<std::string>{one, two});
  CHECK(find_control_socket(4291, place).path == two);
}

TEST_CASE("clients also look where the system service keeps its socket", "[net]") {
  const Scratch scratch;
  const ControlPlace place = scratch.place();
  fs::create_directory(place.system);
  const Bound service(place.system + "/control-4290.sock");
  CHECK(find_control_socket({}, place).path == place.system + "/control-4290.sock");
}

TEST_CASE("the port is read from the name of a socket", "[net]") {
  CHECK(port_of_control_path("/a/control-4290.sock") == 4290);
  for (const char* name : {"control-.sock", "control-70000.sock", "control-1x.sock", "other-1.sock", "control-1.sock2"})
    CHECK_FALSE(port_of_control_path(name));
}
