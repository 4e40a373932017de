// SPDX-License-Identifier: Apache-2.0
// Stands in for malloc, operator new and their kin in this program; every library's calls arrive here.
#include "runtime/counting.hpp"

#include <execinfo.h>
#include <link.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}

namespace {

struct address_range {
  std::uintptr_t begin = 0, end = 0;
  bool holds(const void* address) const {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    return begin <= number && number < end;
  }
};

address_range program, onednn, threads;
std::atomic<bool> is_counting{false};
std::mutex counts_mutex;
runtime_test::allocation_counts counts;
thread_local bool is_inside = false;  // backtrace allocates when it is called for the first time

int find_libraries(dl_phdr_info* info, std::size_t, void*) {
  address_range range{UINTPTR_MAX, 0};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD) continue;
    range.begin = std::min<std::uintptr_t>(range.begin, info->dlpi_addr + part.p_vaddr);
    range.end = std::max<std::uintptr_t>(range.end, info->dlpi_addr + part.p_vaddr + part.p_memsz);
  }
  if (info->dlpi_name[0] == '\0' && program.end == 0) program = range;  // the first of all
  if (std::strstr(info->dlpi_name, "libdnnl") != nullptr) onednn = range;
  if (std::strstr(info->dlpi_name, "libgomp") != nullptr) threads = range;
  return 0;
}

/// Counts one allocation. The caller is who asked; where that is a library that serves others (a std::string grows
/// inside of libstdc++), the first above it on the stack that does not. Threads are libgomp's own.
void count(const void* caller, std::size_t size) {
  if (!is_counting.load(std::memory_order_relaxed) || is_inside) return;
  is_inside = true;
  bool is_ours = program.holds(caller), is_onednn = onednn.holds(caller), is_threads = threads.holds(caller);
  if (!is_ours && !is_onednn && !is_threads) {
    std::array<void*, 32> stack{};
    const int depth = backtrace(stack.data(), static_cast<int>(stack.size()));
    // The first frames are those of this file.
    int i = 0;
    while (i < depth && program.holds(stack[static_cast<std::size_t>(i)])) ++i;
    for (; i < depth && !is_ours && !is_onednn && !is_threads; ++i) {
      const void* frame = stack[static_cast<std::size_t>(i)];
      is_ours = program.holds(frame);
      is_onednn = onednn.holds(frame);
      is_threads = threads.holds(frame);
    }
  }
  {
    const std::lock_guard lock(counts_mutex);
    ++(is_ours ? counts.ours : is_onednn ? counts.onednn : counts.others);
    if (is_ours && size > runtime_test::allocation_counts::large_size) {
      if (counts.large < static_cast<int>(counts.sizes.size()))
        counts.sizes[static_cast<std::size_t>(counts.large)] = size;
      ++counts.large;
    }
  }
  is_inside = false;
}

void* allocate(const void* caller, std::size_t size, std::size_t alignment) {
  count(caller, size);
  void* memory = alignment <= alignof(std::max_align_t) ? __libc_malloc(size) : __libc_memalign(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void runtime_test::begin_counting() {
  static const bool is_ready = [] {
    dl_iterate_phdr(find_libraries, nullptr);
    std::array<void*, 4> stack{};
    return backtrace(stack.data(), 4) > 0;
  }();
  counts = {};
  is_counting = is_ready;
}

runtime_test::allocation_counts runtime_test::end_counting() {
  is_counting = false;
  return counts;
}

#define TENON_CALLER __builtin_extract_return_addr(__builtin_return_address(0))

extern "C" {
void* malloc(std::size_t size) {
  count(TENON_CALLER, size);
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count(TENON_CALLER, number * size);
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  count(TENON_CALLER, size);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count(TENON_CALLER, size);
  return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  count(TENON_CALLER, size);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  count(TENON_CALLER, size);
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) { __libc_free(memory); }
}

void* operator new(std::size_t size) { return allocate(TENON_CALLER, size, 1); }
void* operator new[](std::size_t size) { return allocate(TENON_CALLER, size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(TENON_CALLER, size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(TENON_CALLER, size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { __libc_free(memory); }
void operator delete[](void* memory) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::size_t) noexcept { __libc_free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { __libc_free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { __libc_free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { __libc_free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { __libc_free(memory); }
