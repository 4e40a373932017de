// SPDX-License-Identifier: Apache-2.0
// What memory_limit.hpp declares.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tenon/io/file.hpp"
#include "tenon/runtime/memory_limit.hpp"

namespace tenon {
inline namespace v0 {

namespace detail {

/// The content of a file of the system, which does not say its size; empty if it cannot be read.
inline std::string content_of(const std::string& path) {
  std::string content;
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char part[512];
  for (;;) {
    const ::ssize_t count = ::read(file.number(), part, sizeof(part));
    if (count <= 0) return content;
    content.append(part, static_cast<std::size_t>(count));
  }
}

/// Takes the limits of a control group and of those it lies in: `file` in the folder `path` below `mount`, and in each
/// folder above. Where a container hides the path, what is left is the mount itself.
inline void take_group_limits(memory_limit& limit, const std::string& mount, std::string path, const char* file) {
  for (;;) {
    const std::string content = content_of(mount + path + "/" + file);
    // "max" is no number.
    if (!content.empty() && content[0] >= '0' && content[0] <= '9') {
      limit.take(std::strtoll(content.c_str(), nullptr, 10), "control group");
    }
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return;
    path.erase(slash);
  }
}

}  // namespace detail

TENON_INLINE void take_control_group_limits(memory_limit& limit, const std::string& root) {
  const std::string groups = detail::content_of(root + "/proc/self/cgroup");
  const std::string mount = root + "/sys/fs/cgroup";
  // Each line is number:controllers:path; of version 2 the number is 0 and there are no controllers.
  for (std::size_t begin = 0; begin < groups.size();) {
    const std::size_t end = std::min(groups.find('\n', begin), groups.size());
    const std::string_view line(groups.data() + begin, end - begin);
    begin = end + 1;
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    std::string path(line.substr(second + 1));
    if (path == "/") path.clear();
    if (controllers == ",,") {
      detail::take_group_limits(limit, mount, path, "memory.max");
    } else if (controllers.find(",memory,") != std::string::npos) {
      detail::take_group_limits(limit, mount + "/memory", path, "memory.limit_in_bytes");
    }
  }
}

TENON_INLINE memory_limit find_memory_limit() {
  memory_limit limit;
  limit.source = "64-bit numbers";
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) limit.take(pages * page, "physical memory");
  take_control_group_limits(limit);
  rlimit space{};
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY &&
      space.rlim_cur < static_cast<rlim_t>(limit.bytes)) {
    limit.take(static_cast<std::int64_t>(space.rlim_cur), "RLIMIT_AS");
  }
  return limit;
}

}  // namespace v0
}  // namespace tenon
