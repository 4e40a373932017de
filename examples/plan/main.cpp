// SPDX-License-Identifier: Apache-2.0
// plan: searches for a training step within a memory budget, and prints what to paste into a program.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/plan/searched_plan.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using optimizer = sgd<momentum<0.9>>;

using search = std::function<searched_plan(std::int64_t bytes, std::int64_t tries, std::uint64_t seed)>;

template <const auto& Net, class Input, class Loss>
search of() {
  return search_plan<Net, Input, Loss, optimizer>;
}

const std::map<std::string, search>& networks() {
  using scene = image<1, 3, 1024, 2048>;
  using scan = volume<1, 1, 32, 128, 128>;
  static const std::map<std::string, search> all = {
      {"deeplab", of<models::deeplab_v3_plus<19, group_norm<nearest<32>>{}>, scene, cross_entropy<>>()},
      {"fast_scnn", of<models::fast_scnn<19>, scene, cross_entropy<>>()},
      {"unet", of<models::unet<11>, image<1, 3, 360, 480>, cross_entropy<>>()},
      {"vb_net", of<models::vb_net<1>, scan, binary_cross_entropy>()},
      {"vb_net_bottleneck", of<models::vb_net<1, models::vb_block::bottleneck>, scan, binary_cross_entropy>()},
  };
  return all;
}

std::string names() {
  std::string list;
  for (const auto& [name, unused] : networks()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Searches for a training step whose arena takes at most a number of MiB, at the least added work.");
  std::string network;
  double mebibytes = 0;
  std::int64_t tries = 40'000;
  std::uint64_t seed = 1;
  app.add_option("network", network, names())->required()->check([](const std::string& given) {
    return networks().contains(given) ? "" : "there are " + names();
  });
  app.add_option("budget", mebibytes, "MiB that the arena may take")->required()->check(CLI::Range(1.0, 1e6));
  app.add_option("--tries", tries, "how many plans are rated")->check(CLI::Range(0, 100'000'000));
  app.add_option("--seed", seed, "of the search");
  CLI11_PARSE(app, count, arguments);

  const auto bytes = static_cast<std::int64_t>(mebibytes * 1048576);
  const searched_plan found = networks().at(network)(bytes, tries, seed);
  const double added =
      100 * static_cast<double>(found.recomputed_macs) / static_cast<double>(found.macs - found.recomputed_macs);
  std::printf("// %s: arena %.1f MiB, %.2f %% multiply-accumulates added\ntenon::recompute<\"%s\">\n", network.c_str(),
              static_cast<double>(found.arena_bytes) / 1048576, added, found.retentions.c_str());
  if (found.arena_bytes <= bytes) return 0;
  std::fprintf(stderr, "plan: no plan within %.1f MiB was found; more tries may find one\n", mebibytes);
  return 1;
}
