// SPDX-License-Identifier: Apache-2.0
// The one door to threads: libgomp's pool, which oneDNN uses too.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/core/language.hpp"

extern "C" {
// libgomp's entry points, declared here because a program is compiled without -fopenmp (clang would link another
// runtime). noexcept as in GCC's omp.h, which a program may include too.
void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned flags);
int omp_get_thread_num(void) noexcept;
int omp_get_num_threads(void) noexcept;
int omp_get_max_threads(void) noexcept;
int omp_get_num_procs(void) noexcept;
int omp_get_thread_limit(void) noexcept;
int omp_get_dynamic(void) noexcept;
int omp_get_max_active_levels(void) noexcept;
int omp_in_parallel(void) noexcept;
void omp_set_num_threads(int threads) noexcept;
void omp_set_dynamic(int adjusts) noexcept;
void omp_set_max_active_levels(int levels) noexcept;
}

namespace tenon {
inline namespace v0 {

/// How many threads a predictor or trainer computes with; by default the CPUs of the process's affinity. Less than 1
/// counts as 1, more than OMP_THREAD_LIMIT as that. Within a parallel region of OpenMP, and in a child of fork, more
/// than 1 are a pool of the call's own, which takes some 0.1 ms to come and go.
struct threads {
  int count = std::min(omp_get_num_procs(), omp_get_thread_limit());
};

/// Sets the calling thread's thread count for the duration of a scope, and puts the old one back. OpenMP then gives no
/// fewer for reasons of its own (OMP_DYNAMIC, OMP_MAX_ACTIVE_LEVELS), but for a thread limit, and within a parallel
/// region one.
class thread_count_scope {
 public:
  explicit thread_count_scope(int count)
      : before_(omp_get_max_threads()), adjusts_(omp_get_dynamic()), levels_(omp_get_max_active_levels()) {
    omp_set_num_threads(count);
    if (adjusts_ != 0) omp_set_dynamic(0);
    if (levels_ < 1) omp_set_max_active_levels(1);
  }
  ~thread_count_scope() {
    if (levels_ < 1) omp_set_max_active_levels(levels_);
    if (adjusts_ != 0) omp_set_dynamic(adjusts_);
    omp_set_num_threads(before_);
  }
  thread_count_scope(const thread_count_scope&) = delete;
  thread_count_scope& operator=(const thread_count_scope&) = delete;

 private:
  int before_, adjusts_, levels_;
};

/// How many threads come when so many are asked for.
inline int threads_that_come(int wanted) {
  int found = 1;
  if (wanted > 1) {
    const auto count = [](void* to) {
      if (omp_get_thread_num() == 0) *static_cast<int*>(to) = omp_get_num_threads();
    };
    GOMP_parallel(count, &found, static_cast<unsigned>(wanted), 0);
  }
  return found;
}

/// Calls `function(begin, end)` on contiguous parts of [0, count), one part a thread of the current thread count. The
/// parts depend on the thread count alone, so results are reproducible. `function` must not throw.
template <class Function>
void parallel_for(std::int64_t count, const Function& function) {
  const int available = omp_get_max_threads();
  const auto wanted = static_cast<int>(std::min<std::int64_t>(count, available));
  if (wanted <= 1) {
    if (count > 0) function(std::int64_t{0}, count);
    return;
  }
  struct work {
    const Function* function;
    std::int64_t count;
  } shared{&function, count};
  GOMP_parallel(
      [](void* data) {
        const work& task = *static_cast<work*>(data);
        const std::int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
        const std::int64_t begin = task.count * thread / threads, end = task.count * (thread + 1) / threads;
        if (begin < end) (*task.function)(begin, end);
      },
      &shared, static_cast<unsigned>(wanted), 0);
}

}  // namespace v0
}  // namespace tenon
