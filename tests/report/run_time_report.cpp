// SPDX-License-Identifier: Apache-2.0
// The memory report of networks that are planned while the program runs, and of those that compute.
#include <catch2/catch.hpp>

#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/report/memory_report.hpp"
#include "tenon/runtime/dynamic_predictor.hpp"
#include "tenon/runtime/dynamic_trainer.hpp"
#include "tenon/runtime/trainer.hpp"

namespace {

using namespace tenon::layers;
using tenon::memory_report, tenon::report_memory;

constexpr auto network = name<"fine">(conv2d<8, kernel<3>>{} >> relu{}) >> name<"head">(conv2d<3>{});
using input = tenon::image<1, 3, 8, 8>;
using loss = tenon::cross_entropy<>;
using optimizer = tenon::sgd<>;
using backend = tenon::backend::reference;

}  // namespace

TEST_CASE("a dynamic_predictor and a dynamic_trainer have the memory reports of their plans") {
  const tenon::dynamic_predictor<network, backend> net{tenon::shape(1, 3, 8, 8), tenon::initialize(1)};
  CHECK(report_memory(net).json() == report_memory<tenon::plan_of<network, input, backend>>().json());
  const tenon::dynamic_trainer<network, loss, optimizer, backend> teacher{tenon::shape(1, 3, 8, 8),
                                                                          tenon::initialize(1)};
  const memory_report report = report_memory(teacher, {.title = "a trainer"});
  CHECK(report.trains);
  CHECK(report.json() ==
        report_memory<tenon::plan_of<network, input, loss, optimizer, backend>>({.title = "a trainer"}).json());
}

TEST_CASE("a trainer's type has the memory report of its plan") {
  using teacher = tenon::trainer<network, input, loss, optimizer, backend>;
  const memory_report report = report_memory<teacher>();
  CHECK(report.arena_bytes == teacher::arena_bytes);
  const teacher made{tenon::initialize(1)};
  CHECK(report_memory(made).json() == report.json());
}
