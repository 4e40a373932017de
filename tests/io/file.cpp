// SPDX-License-Identifier: Apache-2.0
// Files seen in memory and files replaced: errors are typed, nothing half-written stays.
#include "tenon/io/file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

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
