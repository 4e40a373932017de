// SPDX-License-Identifier: Apache-2.0
// Files seen in memory and files replaced: errors are typed, nothing half-written stays.
#include "tenon/io/file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

namespace {

void replace(const std::string& path, const std::string& content) {
  const std::span<const std::byte> part = std::as_bytes(std::span(content));
  tenon::replace_file(path, std::span(&part, 1));
}

std::string text(const tenon::mapped_file& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

/// Lets no file of this process grow beyond `bytes`, as a full disk would.
class file_size_limit {
 public:
  explicit file_size_limit(::rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const ::rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;

 private:
  ::rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("a file is seen as it lies on disk") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  write_bytes(path, "some bytes");
  tenon::mapped_file file(path);
  CHECK(text(file) == "some bytes");

  const std::byte* const address = file.bytes().data();
  tenon::mapped_file moved = std::move(file);
  CHECK(moved.bytes().data() == address);
  CHECK(text(moved) == "some bytes");

  write_bytes(folder.file("b"), "others");
  moved = tenon::mapped_file(folder.file("b"));
  CHECK(text(moved) == "others");

  write_bytes(path, "");
  CHECK(tenon::mapped_file(path).bytes().empty());
}

TEST_CASE("what cannot be read is a file error") {
  const temporary_folder folder;
  const std::string missing = folder.file("missing");
  try {
    tenon::mapped_file file(missing);
    FAIL("no exception");
  } catch (const tenon::file_error& error) {
    CHECK(error.name() == missing);
    CHECK(error.found() == "No such file or directory");
    CHECK(std::string(error.what()) == missing + ": expected a readable file, found: No such file or directory");
  }
  CHECK_THROWS_AS(tenon::mapped_file(folder.file("")), tenon::file_error);
  CHECK_THROWS_AS(tenon::mapped_file("/dev/null"), tenon::file_error);

  // Opening a pipe that nobody writes to must not wait.
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(tenon::mapped_file(folder.file("pipe")), tenon::file_error);
}

TEST_CASE("a file is replaced as a whole") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  replace(path, "first");
  CHECK(read_bytes(path) == "first");

  // Whoever has the old file open keeps it.
  const tenon::mapped_file before(path);
  replace(path, "second, and longer");
  CHECK(text(before) == "first");
  CHECK(read_bytes(path) == "second, and longer");

  const std::string parts[] = {"one ", "", "two"};
  std::vector<std::span<const std::byte>> bytes;
  for (const std::string& part : parts) bytes.push_back(std::as_bytes(std::span(part)));
  tenon::replace_file(path, bytes);
  CHECK(read_bytes(path) == "one two");
  CHECK(folder.count() == 1);
}

TEST_CASE("a file that is replaced hands on its permissions") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  const auto mode_of = [](const std::string& of) {
    struct ::stat status {};
    REQUIRE(::stat(of.c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  for (const ::mode_t mode : {0600U, 0640U, 0664U, 0444U}) {
    write_bytes(path, "before");
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    replace(path, "after");
    CHECK(mode_of(path) == mode);
    CHECK(read_bytes(path) == "after");
  }
  // A new file follows the user's mask.
  const ::mode_t mask = ::umask(0027);
  replace(folder.file("new"), "x");
  ::umask(mask);
  CHECK(mode_of(folder.file("new")) == 0640);
  if (::geteuid() != 0) return;
  REQUIRE(::chown(path.c_str(), 1234, 2345) == 0);
  replace(path, "again");
  struct ::stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_uid == 1234);
  CHECK(status.st_gid == 2345);
}

TEST_CASE("names are as long as the system takes them") {
  const temporary_folder folder;
  for (const std::size_t length : {1U, 243U, 244U, 250U, 255U}) {
    const std::string path = folder.file(std::string(length, 'x'));
    replace(path, "some bytes");
    CHECK(read_bytes(path) == "some bytes");
  }
  CHECK(folder.count() == 5);
  CHECK_THROWS_AS(replace(folder.file(std::string(256, 'x')), "some bytes"), tenon::file_error);
  CHECK(folder.count() == 5);

  // A path of 4095 bytes, and names without a folder.
  const std::filesystem::path before = std::filesystem::current_path();
  std::string path = folder.file("deep");
  while (path.size() + 202 < 4094) path += "/" + std::string(200, 'd');
  std::filesystem::create_directories(path);
  path += "/" + std::string(4094 - path.size(), 'f');
  replace(path, "some bytes");
  CHECK(read_bytes(path) == "some bytes");
  std::filesystem::current_path(folder.file(""));
  replace("plain", "some bytes");
  CHECK(read_bytes("plain") == "some bytes");
  std::filesystem::current_path(before);
}

TEST_CASE("links stay, and what they lead to is written") {
  namespace fs = std::filesystem;
  const temporary_folder folder;
  const std::string path = folder.file("a"), link = folder.file("link");
  fs::create_directory(folder.file("inner"));
  fs::create_symlink("inner/second", link);
  fs::create_symlink("../a", folder.file("inner/second"));
  replace(link, "first");  // nothing is there yet
  CHECK(read_bytes(path) == "first");
  replace(link, "second");
  CHECK(read_bytes(path) == "second");
  CHECK(fs::is_symlink(link));
  CHECK(fs::is_symlink(folder.file("inner/second")));
  CHECK(folder.count() == 3);

  fs::create_symlink("circle", folder.file("circle"));
  CHECK_THROWS_AS(replace(folder.file("circle"), "x"), tenon::file_error);
  fs::create_symlink("/dev/null", folder.file("null"));
  CHECK_THROWS_AS(replace(folder.file("null"), "x"), tenon::file_error);
  CHECK(folder.count() == 5);
}

TEST_CASE("what cannot be written is a file error and leaves nothing") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  write_bytes(path, "before");
  for (const std::string& place : {path + "/below", folder.file("no/such/folder"), std::string("/proc/tenon")}) {
    CAPTURE(place);
    CHECK_THROWS_AS(replace(place, "after"), tenon::file_error);
  }
  // A folder stays a folder, a device a device.
  CHECK_THROWS_AS(replace(folder.file(""), "after"), tenon::file_error);
  CHECK_THROWS_AS(replace("/dev/null", "after"), tenon::file_error);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  {
    const file_size_limit limit(4096);
    CHECK_THROWS_AS(replace(path, std::string(10000, 'x')), tenon::file_error);
  }
  CHECK(read_bytes(path) == "before");
  CHECK(folder.count() == 1);
}
