// SPDX-License-Identifier: Apache-2.0
// Files of a user, in a directory of their own.
#include "setup/user_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate::setup;
namespace fs = std::filesystem;

namespace {

struct Folder : siltgate::test::TemporaryFolder {
  std::string file(const std::string& name) const { return path() + "/" + name; }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(path()), fs::directory_iterator())); }
};

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string read(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

unsigned mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 07777;
}

using State = Undone::State;

}  // namespace

TEST_CASE("a write keeps mode and backup, and undo brings back text and mode", "[setup]") {
  const Folder folder;
  const std::string file = folder.file("a.json");
  write(file, "old");
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  const Written written = write_with_backup(file, true, "old", "new");
  CHECK(written.fault.empty());
  CHECK(read(file) == "new");
  CHECK(mode_of(file) == 0640);
  CHECK(read(written.backup) == "old");
  CHECK(folder.count() == 2);
  CHECK(undo_write(file).state == State::restored);
  CHECK(read(file) == "old");
  CHECK(mode_of(file) == 0640);
  CHECK(folder.count() == 1);
  CHECK(undo_write(file).state == State::nothing);
}

TEST_CASE("a file that was not there is made for its owner alone and removed by undo", "[setup]") {
  const Folder folder;
  const std::string file = folder.file("sub/deeper/a.json");
  CHECK(write_with_backup(file, false, "", "new").fault.empty());
  CHECK(read(file) == "new");
  CHECK(mode_of(file) == 0600);
  CHECK(mode_of(folder.file("sub")) == 0700);
  CHECK(undo_write(file).state == State::removed);
  CHECK_FALSE(fs::exists(file));
}

TEST_CASE("after several writes undo brings back the user's own text", "[setup]") {
  const Folder folder;
  const std::string file = folder.file("a.json");
  write(file, "old");
  CHECK(write_with_backup(file, true, "old", "new").fault.empty());
  CHECK(write_with_backup(file, true, "new", "newer").fault.empty());
  CHECK(write_with_backup(file, true, "newer", "newer").backup.empty());
  CHECK(folder.count() == 2);
  CHECK(undo_write(file).state == State::restored);
  CHECK(read(file) == "old");
}

TEST_CASE("what the user changed after a write is never lost", "[setup]") {
  const Folder folder;
  const std::string file = folder.file("a.json");
  write(file, "old");
  const Written written = write_with_backup(file, true, "old", "new");
  write(file, "new and mine");
  const Undone undone = undo_write(file);
  CHECK(undone.state == State::changed);
  CHECK(undone.backup == written.backup);
  CHECK(undone.before == "old");
  CHECK(read(file) == "new and mine");
  CHECK(write_with_backup(file, true, "new and mine", "newest").fault.empty());
  CHECK(read(written.backup) == "old");
  CHECK(undo_write(file).state == State::restored);
  CHECK(read(file) == "new and mine");
}

TEST_CASE("a file that changed between reading and writing is left alone", "[setup]") {
  const Folder folder;
  const std::string file = folder.file("a.json");
  write(file, "theirs");
  CHECK(write_with_backup(file, true, "old", "new").fault.find("changed by somebody else") != std::string::npos);
  CHECK(write_with_backup(file, false, "", "new").fault.find("changed by somebody else") != std::string::npos);
  CHECK(read(file) == "theirs");
  CHECK(folder.count() == 1);
}

TEST_CASE("a link stays a link, and what it leads to is written", "[setup]") {
  const Folder folder, dotfiles;
  const std::string file = folder.file("a.json"), target = dotfiles.file("real.json");
  write(target, "old");
  fs::create_symlink(target, file);
  CHECK(write_with_backup(file, true, "old", "new").fault.empty());
  CHECK(fs::is_symlink(file));
  CHECK(read(target) == "new");
  CHECK(folder.count() == 1);
  CHECK(undo_write(file).state == State::restored);
  CHECK(read(target) == "old");
  fs::remove(target);
  CHECK(write_with_backup(file, false, "", "new").fault.empty());   // a link to nothing yet
  CHECK(fs::is_symlink(file));
  CHECK(read(target) == "new");
}

TEST_CASE("a folder that cannot be written to is told and nothing is left behind", "[setup]") {
  const Written written = write_with_backup("/proc/siltgate/a.json", false, "", "new");
  CHECK(written.fault.find("/proc/siltgate") != std::string::npos);
}
