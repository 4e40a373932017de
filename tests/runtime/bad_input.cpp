// SPDX-License-Identifier: Apache-2.0
// Bad input: the right exception, with name, expected and found, and nothing changed.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "runtime/small.hpp"

using namespace runtime_test;

namespace {

const batch data(1);
const tenon::step_options gently{.learning_rate = 0.01f};

/// A trainer that has made a step, so that it has momentum and statistics to lose.
teacher trained() {
  teacher train{tenon::initialize(1), tenon::threads{1}};
  train.step(data.pictures(), data.labels(), gently);
  return train;
}

/// Calls `call`, which must throw `Error` with the given words in its sentence, and leave the trainer as it was: the
/// same state, and the same loss at the next step as a trainer that was never wronged.
template <class Error, class Call>
void check_unharmed(const std::string& words, const Call& call) {
  INFO(words);
  teacher train = trained(), twin = trained();
  const auto before = state_of(train);
  bool thrown = false;
  try {
    call(train);
  } catch (const Error& error) {
    thrown = true;
    CHECK_THAT(error.what(), Catch::Contains(words));
    CHECK(!error.name().empty());
  }
  CHECK(thrown);
  CHECK(state_of(train) == before);
  CHECK(train.step(data.pictures(), data.labels(), gently) == twin.step(data.pictures(), data.labels(), gently));
  CHECK(state_of(train) == state_of(twin));
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

/// The tensors of a file, to be changed and written again.
struct changed_file {
  tenon::safetensors_file file;
  std::vector<tenon::tensor_source> tensors;

  explicit changed_file(const std::string& path) : file(path) {
    for (const tenon::stored_tensor& each : file.tensors()) {
      tensors.push_back(
          {std::string(each.name), std::string(each.dtype), {each.extents.begin(), each.extents.end()}, each.data});
    }
  }
  tenon::tensor_source& operator[](const std::string& name) {
    for (tenon::tensor_source& each : tensors) {
      if (each.name == name) return each;
    }
    FAIL("no tensor " << name);
    return tensors.front();
  }
  void erase(const std::string& name) {
    std::erase_if(tensors, [&](const auto& each) { return each.name == name; });
  }
};

/// Saves another trainer's weights, lets `change` spoil the file, and checks that loading throws and changes nothing,
/// in a trainer, a predictor, and at construction.
template <class Error, class Change>
void check_file(const std::string& words, const Change& change) {
  temporary_folder folder;
  const std::string path = folder.file("bad.safetensors");
  teacher(tenon::initialize(77), tenon::threads{1}).save(path);
  change(path, folder);
  check_unharmed<Error>(words, [&](teacher& train) { train.load(path); });
  segmenter predict{tenon::initialize(1), tenon::threads{1}};
  const std::vector<float> before = copy_of(predict(data.pictures()));
  CHECK_THROWS_AS(predict.load(path), Error);
  CHECK(copy_of(predict(data.pictures())) == before);
  CHECK_THROWS_AS(segmenter(tenon::load(path)), Error);
  CHECK_THROWS_AS(teacher(tenon::load(path)), Error);
}

template <class Change>
auto rewritten(const Change& change) {
  return [change](const std::string& path, temporary_folder& folder) {
    changed_file file(path);
    change(file);
    const std::string other = folder.file("other.safetensors");
    tenon::write_safetensors(other, file.tensors);
    write(path, content_of(other));
  };
}

const std::vector<float> zeros(100000, 0.0f);

}  // namespace

TEST_CASE("a file that is none") {
  check_file<tenon::file_error>("bad.safetensors", [](const std::string& path, auto&) { std::remove(path.c_str()); });
  check_file<tenon::format_error>("bad.safetensors", [](const std::string& path, auto&) { write(path, ""); });
  check_file<tenon::format_error>("bad.safetensors",
                                  [](const std::string& path, auto&) { write(path, "\x89PNG\r\n\x1a\n, a picture"); });
  check_file<tenon::format_error>("bad.safetensors", [](const std::string& path, auto&) {
    const std::string whole = content_of(path);
    write(path, whole.substr(0, whole.size() - 7));
  });
  check_file<tenon::format_error>("bad.safetensors",
                                  [](const std::string& path, auto&) { write(path, content_of(path).substr(0, 100)); });
  check_file<tenon::format_error>("bad.safetensors", [](const std::string& path, auto&) {
    std::string whole = content_of(path);
    whole[7] = 1;  // a header of 2^56 bytes
    write(path, whole);
  });
  check_file<tenon::format_error>("bad.safetensors", [](const std::string& path, auto&) {
    std::string whole = content_of(path);
    const auto at = whole.find("\"data_offsets\":[0,");
    REQUIRE(at != std::string::npos);
    whole[at + 17] = '9';  // the first tensor overlaps others
    write(path, whole);
  });
  CHECK_THROWS_AS(segmenter(tenon::load("/tmp")), tenon::file_error);
}

TEST_CASE("a file of other weights") {
  check_file<tenon::weight_error>("missing tensor \"decoder.3.bias\"",
                                  rewritten([](changed_file& file) { file.erase("decoder.3.bias"); }));
  check_file<tenon::weight_error>("missing tensor \"encoder.fine.1.running_mean\"",
                                  rewritten([](changed_file& file) { file.erase("encoder.fine.1.running_mean"); }));
  check_file<tenon::weight_error>("surplus tensor \"decoder.4.bias\"", rewritten([](changed_file& file) {
                                    file.tensors.push_back({"decoder.4.bias", "F32", {5}, zeros.data()});
                                  }));
  static const std::int64_t batches = 3;
  for (const char* surplus :
       {"elsewhere.num_batches_tracked", "decoder.3.num_batches_tracked", "num_batches_tracked"}) {
    check_file<tenon::weight_error>("surplus tensor \"" + std::string(surplus) + "\"",
                                    rewritten([=](changed_file& file) {
                                      file.tensors.push_back({surplus, "I64", {}, &batches});
                                    }));
  }
  check_file<tenon::weight_error>("\"decoder.3.weight\"", rewritten([](changed_file& file) {
                                    file["decoder.3.weight"].extents = {5, 32};
                                  }));
  check_file<tenon::weight_error>("\"decoder.3.weight\"", rewritten([](changed_file& file) {
                                    file["decoder.3.weight"] = {"decoder.3.weight", "F32", {6, 32, 1, 1}, zeros.data()};
                                  }));
  check_file<tenon::weight_error>("\"decoder.3.bias\"", rewritten([](changed_file& file) {
                                    file["decoder.3.bias"] = {"decoder.3.bias", "I32", {5}, zeros.data()};
                                  }));
  static const float half = 0.5f;  // no whole number
  check_file<tenon::weight_error>(
      "\"decoder.1.num_batches_tracked\"", rewritten([](changed_file& file) {
        file["decoder.1.num_batches_tracked"] = {"decoder.1.num_batches_tracked", "F32", {}, &half};
      }));
}

TEST_CASE("counters of batches may be missing") {
  temporary_folder folder;
  const std::string path = folder.file("whole.safetensors"), other = folder.file("less.safetensors");
  teacher train = trained();
  train.save(path);
  changed_file file(path);
  file.erase("decoder.1.num_batches_tracked");
  tenon::write_safetensors(other, file.tensors);
  segmenter one{tenon::load(path), tenon::threads{1}}, two{tenon::load(other), tenon::threads{1}};
  CHECK(copy_of(one(data.pictures())) == copy_of(two(data.pictures())));
}

TEST_CASE("shared weights of another shape") {
  using of_four_channels = tenon::predictor<net, tenon::image<1, 4, height, width>>;
  const teacher train = trained();
  try {
    const of_four_channels predict(train.parameters(), tenon::threads{1});
    FAIL("no exception");
  } catch (const tenon::weight_error& error) {
    CHECK(error.name() == "encoder.fine.0.weight");
    CHECK(error.expected() == "encoder.fine.0.weight (32 x 4 x 3 x 3)");
    CHECK(error.found() == "encoder.fine.0.weight (32 x 3 x 3 x 3)");
  }
}

TEST_CASE("a weight given its own values") {
  const teacher train = trained();
  tenon::parameters<net> shared = train.parameters();
  const auto before = state_of(train);
  shared.assign("decoder.3.weight", shared.parameter("decoder.3.weight"));
  CHECK(state_of(train) == before);
  CHECK_THROWS_AS(shared.assign("decoder.3.bias", shared.parameter("decoder.3.weight")), tenon::weight_error);
}

TEST_CASE("inputs of another shape") {
  const std::vector<float>& values = data.values;
  const tenon::tensor_view<const float, 4> narrow(values.data(), 2, 3, height, width - 1);
  const tenon::tensor_view<const float, 4> single(values.data(), 1, 3, height, width);
  const tenon::tensor_view<const std::uint8_t, 3> few(data.classes_of.data(), 2, height - 1, width);
  check_unharmed<tenon::shape_error>("2 x 3 x 37 x 45", [&](teacher& train) { train.step(narrow, data.labels()); });
  check_unharmed<tenon::shape_error>("1 x 3 x 37 x 45", [&](teacher& train) { train.step(single, data.labels()); });
  check_unharmed<tenon::shape_error>("2 x 36 x 45", [&](teacher& train) { train.step(data.pictures(), few); });
  segmenter predict{tenon::initialize(1), tenon::threads{1}};
  try {
    predict(narrow);
    FAIL("no exception");
  } catch (const tenon::shape_error& error) {
    CHECK(error.expected() == "2 x 3 x 37 x 45");
    CHECK(error.found() == "2 x 3 x 37 x 44");
    CHECK(error.name() == "input 0");
  }
}

TEST_CASE("labels of an unknown class") {
  batch wrong(1);
  wrong.classes_of.back() = classes;
  check_unharmed<tenon::label_error>("label 5", [&](teacher& train) { train.step(wrong.pictures(), wrong.labels()); });
  std::vector<std::int64_t> wide(data.classes_of.begin(), data.classes_of.end());
  wide[7] = -1;
  const tenon::tensor_view<const std::int64_t, 3> labels(wide, 2, height, width);
  check_unharmed<tenon::label_error>("label -1", [&](teacher& train) { train.step(data.pictures(), labels); });
  // 2^32 is no class either, though its lower half is.
  wide[7] = std::int64_t{1} << 32;
  check_unharmed<tenon::label_error>("label 4294967296", [&](teacher& train) { train.step(data.pictures(), labels); });
}

TEST_CASE("a loss that is not finite") {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f}) {
    batch wrong(1);
    wrong.values[1234] = value;
    check_unharmed<tenon::numeric_error>("not finite",
                                         [&](teacher& train) { train.step(wrong.pictures(), wrong.labels()); });
  }
}

TEST_CASE("a learning rate that is none") {
  batch right(1);
  for (const float rate : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -0.1f}) {
    check_unharmed<tenon::numeric_error>("learning rate", [&](teacher& train) {
      train.step(right.pictures(), right.labels(), {.learning_rate = rate});
    });
  }
}

TEST_CASE("a path that cannot be written") {
  const teacher train = trained();
  CHECK_THROWS_AS(train.save("/nowhere/to/be/found.safetensors"), tenon::file_error);
  CHECK_THROWS_AS(train.save("/tmp"), tenon::file_error);
  CHECK_THROWS_AS(train.parameters().save(""), tenon::file_error);
  temporary_folder folder;
  const std::string path = folder.file("whole.safetensors");
  train.save(path);
  const std::string before = content_of(path);
  train.save(path);
  CHECK(content_of(path) == before);
}

TEST_CASE("values of another shape, number or name") {
  teacher train = trained();
  tenon::parameters<net> weights = train.parameters();
  const auto before = state_of(train);
  const std::vector<float> four(4, 1.0f), many(5 * 32, 1.0f);
  CHECK_THROWS_AS(weights.assign("decoder.3.bias", tenon::tensor_view(four, 4)), tenon::weight_error);
  CHECK_THROWS_AS(weights.assign("nothing", tenon::tensor_view(four, 4)), tenon::weight_error);
  // As many values, but transposed, or of fewer dimensions.
  try {
    weights.assign("decoder.3.weight", tenon::tensor_view(many, 32, 5, 1, 1));
    FAIL("no exception");
  } catch (const tenon::weight_error& error) {
    CHECK(error.name() == "decoder.3.weight");
    CHECK(error.expected() == "(5 x 32 x 1 x 1)");
    CHECK(error.found() == "(32 x 5 x 1 x 1)");
  }
  CHECK_THROWS_AS(weights.assign("decoder.3.weight", tenon::tensor_view(many, 5, 32)), tenon::weight_error);
  // A shape that is right, and values that are too few for it.
  CHECK_THROWS_AS(weights.assign("decoder.3.weight", {four, tenon::shape(5, 32, 1, 1)}), tenon::weight_error);
  CHECK(state_of(train) == before);
  weights.assign("decoder.3.weight", tenon::tensor_view(many, 5, 32, 1, 1));
  CHECK(copy_of(train.parameter("decoder.3.weight")) == many);
  weights.assign("decoder.3.weight", {many, tenon::shape(5, 32, 1, 1)});
}

TEST_CASE("a buffer of another size than the view of it") {
  std::vector<float> few(3 * 16);
  try {
    tenon::tensor_view<const float, 4>{few, 1, 3, 1024, 2048};
    FAIL("no exception");
  } catch (const tenon::shape_error& error) {
    CHECK(error.expected() == "6291456");
    CHECK(error.found() == "48");
    CHECK(std::string(error.what()) == "a view of 1 x 3 x 1024 x 2048 needs 6291456 elements, the buffer has 48");
  }
  const std::vector<std::uint8_t> labels(12);
  CHECK_THROWS_AS(tenon::tensor_view(labels, 1, 3, 5), tenon::shape_error);
  CHECK_THROWS_AS(tenon::tensor_view(labels, 1, 3, 3), tenon::shape_error);
}
