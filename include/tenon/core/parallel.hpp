// SPDX-License-Identifier: Apache-2.0
// The one door to threads: libgomp's pool, which oneDNN uses too.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/core/language.hpp"

extern "C" {
// libgomp's entry points, declared here because a program is compiled without -fopenmp (clang would link another
// runtime).
void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_get_num_procs(void);
void omp_set_num_threads(int threads);
}

namespace tenon {
inline namespace v0 {

/// How many threads a predictor or trainer computes with; by default the CPUs of the process's affinity. Less than 1
/// counts as 1.
struct threads {
  int count = omp_get_num_procs();
};

/// Sets the calling thread's thread count for the duration of a scope, and puts the old one back.
class thread_count_scope {
 public:
  explicit thread_count_scope(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~thread_count_scope() { omp_set_num_threads(before_); }
  thread_count_scope(const thread_count_scope&) = delete;
  thread_count_scope& operator=(const thread_count_scope&) = delete;

 private:
  int before_;
};

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
