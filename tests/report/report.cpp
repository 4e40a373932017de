// SPDX-License-Identifier: Apache-2.0
// The per-layer table and the progress bar.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include "tenon/models/unet.hpp"
#include "tenon/report/layer_table.hpp"
#include "tenon/report/progress.hpp"
#include "tenon/train/schedules.hpp"

namespace {

using plan = tenon::plan_of<tenon::models::unet<3, 4>, tenon::image<2, 3, 32, 48>, tenon::cross_entropy<>,
                            tenon::sgd<tenon::momentum<0.9>>>;

constexpr auto twice = [](auto x) {
  using namespace tenon::layers;
  auto part = share<"h">(conv2d<3, kernel<3>>{});
  return relu{}(part(part(x)));
};

constexpr auto small = [] {
  using namespace tenon::layers;
  return conv2d<32, kernel<3>>{} >> relu{} >> depthwise_conv2d<kernel<3>>{} >> max_pool2d<kernel<2>>{};
}();

// oneDNN is known to have fast code for the last layer, but not for its gradients.
constexpr auto mixed = [] {
  using namespace tenon::layers;
  return conv2d<32, kernel<3>>{} >> depthwise_conv2d<kernel<3>>{} >> conv2d<16, kernel<3>, stride<3>, padding<1>>{};
}();

std::string written(std::FILE* file) {
  std::rewind(file);
  std::string text;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), static_cast<int>(part.size()), file) != nullptr) text += part.data();
  return text;
}

}  // namespace

TEST_CASE("numbers and bytes read well") {
  CHECK(tenon::grouped(31038283) == "31,038,283");
  CHECK(tenon::grouped(999) == "999");
  CHECK(tenon::grouped(-1234) == "-1,234");
  CHECK(tenon::mebibytes(44236800) == "42.2 MiB");
  CHECK(tenon::clock_text(125) == "2:05");
  CHECK(tenon::clock_text(3725) == "1:02:05");
}

TEST_CASE("the layer table has every layer and the sums") {
  const std::string table = tenon::layer_table<plan>();
  CHECK(table.find("ups.3.conv.1.0") != std::string::npos);
  CHECK(table.find("2 x 3 x 32 x 48") != std::string::npos);
  CHECK(table.find(tenon::grouped(plan::parameter_count)) != std::string::npos);
  CHECK(table.find("saved for the backward pass") != std::string::npos);
  std::size_t lines = 0;
  for (const char c : table) lines += c == '\n' ? 1 : 0;
  CHECK(lines > 60);
}

TEST_CASE("the layer table counts the parameters of a shared part once") {
  using shared_plan = tenon::plan_of<twice, tenon::image<1, 3, 16, 16>>;
  const std::string table = tenon::layer_table(shared_plan::lowered::graph.view());
  CHECK(shared_plan::parameter_count == 84);
  CHECK(table ==
        "layer  operation             result  parameters    MACs    bytes\n"
        "----------------------------------------------------------------\n"
        "h      convolution  1 x 3 x 16 x 16          84  20,736  0.0 MiB\n"
        "h      convolution  1 x 3 x 16 x 16      shared  20,736  0.0 MiB\n"
        "0      activation   1 x 3 x 16 x 16                      0.0 MiB\n"
        "----------------------------------------------------------------\n"
        "sum                                          84  41,472\n");
}

TEST_CASE("the layer table says what computes each layer") {
  using small_plan = tenon::plan_of<small, tenon::image<1, 16, 8, 8>>;
  const std::string table = tenon::layer_table<small_plan>();
  const auto row_ends_with = [&](std::string_view begin, std::string_view end) {
    const std::size_t at = table.find("\n" + std::string(begin) + " ");
    REQUIRE(at != std::string::npos);
    return std::string_view(table).substr(at + 1, table.find('\n', at + 1) - at - 1).ends_with(end);
  };
  CHECK(row_ends_with("0", "  oneDNN"));
  CHECK(row_ends_with("1", " MiB"));
  CHECK(row_ends_with("2", "  depthwise kernel"));
  CHECK(row_ends_with("3", " MiB"));
}

TEST_CASE("the layer table says what computes the gradients of a layer, where it differs") {
  using small_plan = tenon::plan_of<mixed, tenon::image<1, 16, 8, 8>, tenon::mean_square, tenon::sgd<>>;
  const std::string table = tenon::layer_table<small_plan>();
  INFO(table);
  const auto row_ends_with = [&](std::string_view begin, std::string_view end) {
    const std::size_t at = table.find("\n" + std::string(begin) + " ");
    REQUIRE(at != std::string::npos);
    return std::string_view(table).substr(at + 1, table.find('\n', at + 1) - at - 1).ends_with(end);
  };
  CHECK(row_ends_with("0", "  oneDNN"));
  CHECK(row_ends_with("1", "  depthwise kernel"));
  CHECK(row_ends_with("2", "  oneDNN, dx oneDNN or kernel, dw oneDNN or kernel"));
}

TEST_CASE("a progress bar that is no terminal prints one line an epoch") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  tenon::progress bar(2, 10, file);
  bar.step(1, 5, 1.5);
  bar.epoch_done(1, 1.25, 0.5);
  bar.epoch_done(2, 1.0, 0.75);
  const std::string text = written(file);
  std::fclose(file);
  CHECK(text.find("epoch 1/2  loss 1.2500  mIoU 0.500") == 0);
  CHECK(text.find("epoch 2/2  loss 1.0000  mIoU 0.750") != std::string::npos);
  CHECK(text.find("images/s") != std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
}

TEST_CASE("where there is no terminal a line is printed now and then") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  tenon::progress bar(2, 10, file, std::chrono::milliseconds(0)), quiet(2, 10, file, std::chrono::hours(1));
  bar.step(1, 5, 1.5);
  quiet.step(1, 5, 2.5);
  bar.epoch_done(1, 1.25, 0.5);
  bar.step(2, 10, 1.125);
  const std::string text = written(file);
  std::fclose(file);
  CHECK(text.find("epoch 1/2  5/10 images  loss 1.5000  mIoU   -    ") == 0);
  CHECK(text.find("2.5000") == std::string::npos);
  CHECK(text.find("epoch 2/2  loss 1.1250  mIoU 0.500") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("a resumed training claims what it has done itself") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  tenon::progress resumed(3, 1000, file, std::chrono::milliseconds(0));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  resumed.epoch_done(3, 1.0, 0.5);
  const double most = 1000 / 0.2;
  std::string text = written(file);
  const double rate = std::stod(text.substr(text.find("0.500") + 5));
  CHECK(rate > 0);
  CHECK(rate <= most);
  CHECK(text.find("0:00 left") != std::string::npos);
  tenon::progress empty(1, 0, file, std::chrono::milliseconds(0));  // nothing is divided by
  empty.step(1, 0, 1.0);
  text = written(file);
  std::fclose(file);
  CHECK(text.find("? left") != std::string::npos);
}

TEST_CASE("a training resumed within an epoch claims what it has done itself") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  tenon::progress resumed(2, 1000, file, std::chrono::milliseconds(0));
  resumed.step(2, 700, 1.5);
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  resumed.step(2, 900, 1.25);
  const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::string text = written(file);
  std::fclose(file);
  CHECK(text.find("700/1000 images  loss 1.5000  mIoU   -    ? images/s  ? left\n") != std::string::npos);
  // 200 images in 1.2 s or more, and 100 are left.
  const std::string second = text.substr(text.find("900/1000"));
  const double rate = std::stod(second.substr(second.find("  -    ") + 7));
  CHECK(rate <= 200 / 1.2 + 1);
  CHECK(rate >= 200 / spent - 1);
  CHECK(second.find(tenon::clock_text(100 / rate) + " left") != std::string::npos);
}

TEST_CASE("schedules start and end as they say") {
  const tenon::cosine_schedule cosine{0.1f, 100, 10};
  CHECK(cosine(0) == Approx(0.01));
  CHECK(cosine(9) == Approx(0.1));
  CHECK(cosine(10) == Approx(0.1));
  CHECK(cosine(55) == Approx(0.05));
  CHECK(cosine(100) == Approx(0).margin(1e-9));
  const tenon::polynomial_schedule polynomial{0.1f, 100, 0.9f};
  CHECK(polynomial(0) == Approx(0.1));
  CHECK(polynomial(50) == Approx(0.1 * std::pow(0.5, 0.9)));
  CHECK(polynomial(100) == Approx(0).margin(1e-9));
}
