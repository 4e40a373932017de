// SPDX-License-Identifier: Apache-2.0
// Whole files: one seen in memory, and one replaced in a single step, so that nothing half-written is ever found.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "tenon/core/error.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

[[noreturn, gnu::cold]] inline void throw_file_error(const std::string& path, const std::string& expected, int number) {
  const std::string found = std::generic_category().message(number);
  throw file_error(joined({path, ": expected ", expected, ", found: ", found}), path, expected, found);
}

/// Refuses a file for what stands in it.
[[noreturn, gnu::cold]] inline void throw_format_error(const std::string& path, const std::string& expected,
                                                       const std::string& found) {
  throw format_error(joined({path, ": expected ", expected, ", found ", found}), path, expected, found);
}

/// Text out of a foreign file, made fit for a sentence: in quotes, of bounded length, printable.
inline std::string in_quotes(std::string_view foreign) {
  constexpr std::size_t longest = 160;
  std::string result = "'";
  for (const char character : foreign.substr(0, longest)) {
    const auto code = static_cast<unsigned char>(character);
    result += code < 0x20 || code == 0x7f ? '?' : character;
  }
  return result + (foreign.size() > longest ? "...'" : "'");
}

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  ~descriptor() { close(); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int number() const { return number_; }
  /// False when the system reports a failure, as a full disk may be only now.
  bool close() {
    if (number_ < 0) return true;
    return ::close(std::exchange(number_, -1)) == 0;
  }

 private:
  int number_;
};

}  // namespace detail

/// The bytes of a regular file, read-only and without a copy. Valid while this object lives (moved, the bytes stay
/// where they are); the file must not be cut short meanwhile, replacing it is harmless. Throws file_error if the file
/// is not there, is not a regular file or cannot be read.
class mapped_file {
 public:
  explicit mapped_file(const std::string& path) {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    const detail::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.number() < 0) detail::throw_file_error(path, "a readable file", errno);
    struct ::stat status {};
    if (::fstat(file.number(), &status) != 0) detail::throw_file_error(path, "a readable file", errno);
    if (!S_ISREG(status.st_mode)) {
      const std::string found = S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe";
      throw file_error(joined({path, ": expected a regular file, found ", found}), path, "a regular file", found);
    }
    if (status.st_size == 0) return;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
    if (address == MAP_FAILED) detail::throw_file_error(path, "a readable file", errno);
    bytes_ = {static_cast<const std::byte*>(address), size};
  }
  ~mapped_file() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  mapped_file(mapped_file&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

namespace detail {

/// Where writing to `path` ends: behind its symbolic links, and behind the last of them even if nothing is there yet.
[[gnu::cold]] inline std::string behind_links(std::string path) {
  constexpr int most_links = 40;  // as many as Linux follows
  for (int links = 0; links < most_links; ++links) {
    char target[PATH_MAX];
    const ::ssize_t length = ::readlink(path.c_str(), target, sizeof(target));
    if (length < 0) return path;
    const std::size_t folder = target[0] == '/' ? 0 : path.rfind('/') + 1;
    path.replace(folder, path.size(), target, static_cast<std::size_t>(length));
  }
  throw_file_error(path, "a file that can be written", ELOOP);
}

/// A new file in the folder of `path`, removed again unless it takes that path's place.
class replacement {
 public:
  explicit replacement(const std::string& path)
      : path_(path), target_(behind_links(path)), folder_(open_folder()), file_(create()) {}
  ~replacement() {
    if (!placed_) ::unlinkat(folder_.number(), temporary_.c_str(), 0);
  }
  replacement(const replacement&) = delete;
  replacement& operator=(const replacement&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ::ssize_t written = ::write(file_.number(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_file_error(path_, expected, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void place() {
    // Synced first: after a power cut the name stands for the old bytes or the new ones, never for an empty file.
    if (::fsync(file_.number()) != 0) throw_file_error(path_, expected, errno);
    if (!file_.close()) throw_file_error(path_, expected, errno);
    if (::renameat(folder_.number(), temporary_.c_str(), folder_.number(), name()) != 0) {
      throw_file_error(path_, expected, errno);
    }
    placed_ = true;
  }

 private:
  static constexpr const char* expected = "a file that can be written";

  const char* name() const { return target_.c_str() + target_.rfind('/') + 1; }

  /// The folder, for names relative to it: the temporary one must not be too long where the file's own is not.
  int open_folder() const {
    const std::string folder = target_.substr(0, target_.rfind('/') + 1);
    const int number = ::open(folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (number < 0) throw_file_error(path_, expected, errno);
    return number;
  }

  int create() {
    struct ::stat status {};
    const bool exists = ::stat(target_.c_str(), &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
      // A rename would put a file in the place of a device such as /dev/null.
      const std::string found = S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe";
      throw file_error(joined({path_, ": expected a file that can be written, found ", found}), path_, expected, found);
    }
    static std::atomic<std::uint32_t> count{0};
    for (int attempt = 0; attempt < 1000; ++attempt) {
      temporary_ = joined({".part-", std::to_string(::getpid()), "-", std::to_string(count++)});
      // Nobody may read here for a moment what the file before kept to itself.
      const int number = ::openat(folder_.number(), temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                  exists ? status.st_mode & 0600 : 0666);
      if (number >= 0 && exists) keep_access(number, status);
      if (number >= 0) return number;
      if (errno != EEXIST && errno != EINTR) break;
    }
    throw_file_error(path_, expected, errno);
  }

  /// Gives a file the owner, the group and the permissions of the one before, as far as the system lets it.
  static void keep_access(int number, const struct ::stat& before) {
    constexpr ::mode_t permissions = 0777, of_group = 0070, of_others = 0007;
    const bool kept = ::fchown(number, before.st_uid, before.st_gid) == 0 ||
                      ::fchown(number, static_cast<::uid_t>(-1), before.st_gid) == 0;
    const ::mode_t mode = before.st_mode & permissions;
    // Another group gets what everybody has, not what the former group had.
    ::fchmod(number, kept ? mode : (mode & ~of_group) | ((mode & of_others) << 3 & mode));
  }

  std::string path_, target_, temporary_;
  descriptor folder_, file_;
  bool placed_ = false;
};

}  // namespace detail

/// Writes `parts`, one after the other, as the file `path`. They go to a temporary file in its folder, which then takes
/// its name: whoever opens `path` finds what was there before or all of the new. A file that is replaced hands on its
/// permissions and, where the system lets it, its owner and group. A symbolic link stays, what it leads to is written.
/// Throws file_error if that cannot be done; nothing is left behind then.
inline void replace_file(const std::string& path, std::span<const std::span<const std::byte>> parts) {
  detail::replacement file(path);
  for (const std::span<const std::byte> part : parts) file.write(part);
  file.place();
}

}  // namespace v0
}  // namespace tenon
