// SPDX-License-Identifier: Apache-2.0
// plan: searches for a training step within a memory budget, and prints what to paste into a program; or reports where
// the memory of a step goes.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tenon/io/file.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/plan/searched_plan.hpp"
#include "tenon/report/budget_sweep.hpp"
#include "tenon/report/memory_report.hpp"
#include "tenon/report/searched_report.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using optimizer = sgd<momentum<0.9>>;

/// What can be done with a network.
struct tool {
  std::function<searched_plan(std::int64_t bytes, std::int64_t tries, std::uint64_t seed)> search;
  std::function<memory_report(const std::string& retentions)> report;  ///< of what was found; none: without a budget
  std::function<std::vector<sweep_point>(const sweep_options&)> sweep;
};

template <const auto& Net, class Input, class Loss>
tool of(const report_options& how) {
  const auto report = [how](const std::string& retentions) {
    return report_searched<Net, Input, Loss, optimizer>(retentions, how);
  };
  return {search_plan<Net, Input, Loss, optimizer>, report, sweep_budgets<Net, Input, Loss, optimizer>};
}

const std::map<std::string, tool>& networks() {
  using scene = image<1, 3, 1024, 2048>;
  using scan = volume<1, 1, 32, 128, 128>;
  static const std::map<std::string, tool> all = {
      {"deeplab", of<models::deeplab_v3_plus<19, group_norm<nearest<32>>{}>, scene, cross_entropy<>>(
                      {.title = "DeepLab v3+ Xception-65, 1 x 3 x 1024 x 2048",
                       .parts = {{"backbone", {"backbone"}},
                                 {"encoder", {"aspp"}},
                                 {"decoder", {"low", "dec", "cls", "concat", "resize_like"}}}})},
      {"fast_scnn", of<models::fast_scnn<19>, scene, cross_entropy<>>({.title = "Fast-SCNN, 1 x 3 x 1024 x 2048"})},
      {"unet", of<models::unet<11>, image<1, 3, 360, 480>, cross_entropy<>>({.title = "U-Net, 1 x 3 x 360 x 480"})},
      {"vb_net", of<models::vb_net<1>, scan, binary_cross_entropy>({.title = "VB-Net, 1 x 1 x 32 x 128 x 128"})},
      {"vb_net_bottleneck", of<models::vb_net<1, models::vb_block::bottleneck>, scan, binary_cross_entropy>(
                                {.title = "VB-Net with bottleneck blocks, 1 x 1 x 32 x 128 x 128"})},
  };
  return all;
}

std::string names() {
  std::string list;
  for (const auto& [name, unused] : networks()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

/// Writes a report as what the file's ending says: .json, .txt, or a page.
void write(const std::string& path, const memory_report& report) {
  const std::string text = path.ends_with(".json")  ? report.json()
                           : path.ends_with(".txt") ? report.text()
                                                    : report.html();
  const auto bytes = std::as_bytes(std::span(text));
  replace_file(path, {{bytes}});
}

/// Searches, and prints what was found. Whether it is within the budget.
bool search(const std::string& network, std::int64_t bytes, std::int64_t tries, std::uint64_t seed,
            searched_plan& found) {
  found = networks().at(network).search(bytes, tries, seed);
  std::printf("// %s: arena %s MiB, %s %% multiply-accumulates added\ntenon::recompute<\"%s\">\n", network.c_str(),
              fixed_text(static_cast<double>(found.arena_bytes) / 1048576, 1).c_str(),
              fixed_text(percent_of(found.recomputed_macs, found.macs - found.recomputed_macs), 2).c_str(),
              found.retentions.c_str());
  if (found.arena_bytes <= bytes) return true;
  std::fprintf(stderr, "plan: no plan within %s MiB was found; more tries may find one\n",
               grouped_mebibytes(bytes).c_str());
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app(
      "Searches for a training step whose arena takes at most a number of MiB, at the least added work; and reports "
      "where the memory of a step goes.");
  std::string network, path;
  double budget = 0;
  std::int64_t tries = 400'000;
  std::uint64_t seed = 1;
  sweep_options sweep;
  app.add_option("network", network, names())->required()->check([](const std::string& given) {
    return networks().contains(given) ? "" : "there are " + names();
  });
  CLI::Option* const within =
      app.add_option("budget", budget, "MiB that the arena may take")->check(CLI::Range(1.0, 1e6));
  app.add_option("--tries", tries, "how many plans are tried")->check(CLI::Range(0, 100'000'000));
  app.add_option("--seed", seed, "of the search");
  CLI::Option* const reports =
      app.add_option("--report", path, "writes where the memory goes: a page, or what .json or .txt says");
  app.add_option("--points", sweep.points, "budgets of the report's sweep")->check(CLI::Range(0, 100))->needs(reports);
  app.add_option("--sweep-tries", sweep.tries, "how many plans are tried for each of them")
      ->check(CLI::Range(0, 100'000'000))
      ->needs(reports);
  CLI11_PARSE(app, count, arguments);
  if (within->empty() && path.empty()) {
    std::fprintf(stderr, "plan: a budget is missing, or --report FILE\n");
    return 1;
  }

  const tool& tools = networks().at(network);
  searched_plan found;
  bool is_met = true;
  if (!within->empty()) is_met = search(network, static_cast<std::int64_t>(budget * 1048576), tries, seed, found);
  if (path.empty()) return is_met ? 0 : 1;
  try {
    memory_report report = tools.report(found.retentions);
    if (sweep.points > 0) report.sweep = tools.sweep(sweep);
    write(path, report);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "plan: %s\n", problem.what());
    return 1;
  }
  return is_met ? 0 : 1;
}
