// SPDX-License-Identifier: Apache-2.0
// The main function of every test program: runs Catch2 and counts test cases in its last line, as summarise.py reads
// it.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstddef>
#include <iostream>
#include <string>

#include "skip.hpp"

namespace {

struct counts {
  std::size_t passed = 0, failed = 0, skipped = 0;
} counted;

std::string reason_to_skip;

class counter : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo&) override { reason_to_skip.clear(); }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (!stats.totals.assertions.allPassed()) {
      ++counted.failed;
    } else if (!reason_to_skip.empty()) {
      ++counted.skipped;
      std::cout << "SKIPPED " << stats.testInfo.name << ": " << reason_to_skip << "\n";
    } else {
      ++counted.passed;
    }
  }
};
CATCH_REGISTER_LISTENER(counter)

}  // namespace

void tenon_test::skip(const std::string& why) { reason_to_skip = why; }

int main(int argc, char** argv) {
  const int result = Catch::Session().run(argc, argv);
  const std::size_t ran = counted.passed + counted.failed + counted.skipped;
  if (ran > 0) {
    std::cout << counted.passed << " passed, " << counted.failed << " failed";
    if (counted.skipped > 0) std::cout << ", " << counted.skipped << " skipped";
    std::cout << "\n";
  }
  if (argc == 1 && ran == 0) {
    std::cerr << "no test case ran\n";
    return 1;
  }
  return result;
}
