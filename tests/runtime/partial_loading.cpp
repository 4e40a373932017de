// SPDX-License-Identifier: Apache-2.0
// Weights that a file has only in part or under other names: what is taken, what is told, and what is refused.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "runtime/small.hpp"
#include "tenon/runtime/dynamic_predictor.hpp"

using namespace runtime_test;
using Catch::Matchers::Contains;

namespace {

using names = std::vector<std::string>;

/// The weights of a trainer of another seed, as a file that PyTorch's DataParallel would have left.
struct foreign_file {
  temporary_folder folder;
  std::string path = folder.file("foreign.safetensors");
  teacher source{tenon::initialize(77), tenon::threads{1}};
  std::vector<tenon::tensor_source> tensors;
  std::vector<float> values = std::vector<float>(100000, 0.25F);
  std::int64_t batches = 12;

  explicit foreign_file(const std::string& prefix = "module.") {
    for (const auto list : {std::span<const tenon::parameter_description>(teacher::parameter_list),
                            std::span<const tenon::parameter_description>(teacher::buffer_list)}) {
      for (const tenon::parameter_description& entry : list) {
        std::vector<std::int64_t> extents;
        for (int i = 0; i < entry.extents.rank; ++i) extents.push_back(entry.extents[i]);
        const std::string name(entry.name);
        tensors.push_back({prefix + name, "F32", extents, source.parameter(name).data()});
        if (!name.ends_with("running_mean")) continue;
        tensors.push_back({prefix + name.substr(0, name.size() - 12) + "num_batches_tracked", "I64", {}, &batches});
      }
    }
  }
  tenon::tensor_source& operator[](const std::string& name) {
    const auto found =
        std::find_if(tensors.begin(), tensors.end(), [&](const auto& each) { return each.name == name; });
    REQUIRE(found != tensors.end());
    return *found;
  }
  void erase(const std::string& name) {
    REQUIRE(std::erase_if(tensors, [&](const auto& each) { return each.name == name; }) == 1);
  }
  const std::string& write() const {
    tenon::write_safetensors(path, tensors);
    return path;
  }
};

template <class Network>
std::vector<float> values_of(const Network& of, const std::string& name) {
  const tenon::parameter_view view = of.parameter(name);
  return {view.begin(), view.end()};
}

/// What a call must refuse, its sentence; the trainer stays as it was.
std::string refusal(const std::string& path, const tenon::partial& how) {
  teacher train{tenon::initialize(1), tenon::threads{1}};
  const auto before = state_of(train);
  std::string sentence;
  try {
    train.load(path, how);
  } catch (const tenon::weight_error& error) {
    sentence = error.what();
    CHECK(!error.name().empty());
  }
  CHECK(state_of(train) == before);
  CHECK_THROWS_AS(teacher(tenon::load(path, how, tenon::initialize(1))), tenon::weight_error);
  return sentence;
}

}  // namespace

TEST_CASE("a file of DataParallel is loaded but for what is skipped, missing and surplus") {
  foreign_file file;
  file["module.decoder.3.weight"] = {"module.decoder.3.weight", "F32", {21, 32, 1, 1}, file.values.data()};
  file["module.decoder.3.bias"] = {"module.decoder.3.bias", "F32", {21}, file.values.data()};
  file.erase("module.encoder.fine.0.weight");
  file.erase("module.encoder.fine.1.num_batches_tracked");
  file.tensors.push_back({"module.aux.weight", "I8", {3}, file.values.data()});
  const std::string& path = file.write();

  teacher train{tenon::initialize(1), tenon::threads{1}};
  const teacher untouched{tenon::initialize(1), tenon::threads{1}};
  CHECK_THROWS_AS(train.load(path), tenon::weight_error);
  const tenon::load_report report = train.load(path, {.rename = {{"module.", ""}}, .skip = {"decoder.3"}});

  CHECK(report.missing == names{"encoder.fine.0.weight"});
  CHECK(report.unused == names{"module.aux.weight"});
  CHECK(report.skipped == names{"decoder.3.weight", "decoder.3.bias"});
  CHECK(report.loaded.size() == file.tensors.size() - 3);
  for (const char* kept : {"decoder.3.weight", "decoder.3.bias", "encoder.fine.0.weight"}) {
    CAPTURE(kept);
    CHECK(values_of(train, kept) == values_of(untouched, kept));
  }
  for (const std::string& name : report.loaded) {
    if (name.ends_with("num_batches_tracked")) continue;
    CAPTURE(name);
    CHECK(values_of(train, name) == values_of(file.source, name));
  }
  const std::string text = report.text();
  CHECK_THAT(text, Contains("loaded: " + std::to_string(report.loaded.size()) + "\n"));
  CHECK_THAT(text, Contains("not in the file, kept as they were: 1\n  encoder.fine.0.weight\n"));
  CHECK_THAT(text, Contains("in the file, but not in the network: 1\n  module.aux.weight\n"));
  CHECK_THAT(text, Contains("skipped: 2\n  decoder.3.weight\n  decoder.3.bias\n"));

  // Counters that the file has, and one that it has not.
  const std::string saved = file.folder.file("saved.safetensors");
  train.save(saved);
  const tenon::safetensors_file back(saved);
  CHECK(tenon::stored_whole_number(*back.find("decoder.1.num_batches_tracked")) == 12);
  CHECK(tenon::stored_whole_number(*back.find("encoder.fine.1.num_batches_tracked")) == 0);
}

TEST_CASE("predictors and trainers are made from a part of a file, with random values for the others") {
  foreign_file file;
  file.erase("module.decoder.3.weight");
  const std::string& path = file.write();
  const tenon::partial how{.rename = {{"module.", ""}}};
  tenon::load_report report;

  const teacher train{tenon::load(path, how, tenon::initialize(5), &report), tenon::threads{1}};
  CHECK(report.missing == names{"decoder.3.weight"});
  const teacher random{tenon::initialize(5), tenon::threads{1}};
  CHECK(values_of(train, "decoder.3.weight") == values_of(random, "decoder.3.weight"));
  CHECK(values_of(train, "decoder.3.bias") == values_of(file.source, "decoder.3.bias"));

  const batch data(1);
  segmenter predict{tenon::load(path, how, tenon::initialize(5)), tenon::threads{1}};
  const std::vector<float> expected = copy_of(predict(data.pictures()));
  CHECK(copy_of(segmenter(train.parameters(), tenon::threads{1})(data.pictures())) == expected);
  segmenter later{tenon::initialize(5), tenon::threads{1}};
  CHECK(copy_of(later(data.pictures())) != expected);
  CHECK(later.load(path, how).missing == names{"decoder.3.weight"});
  CHECK(copy_of(later(data.pictures())) == expected);

  using dynamic = tenon::dynamic_predictor<net>;
  dynamic sized{tenon::shape(2, 3, height, width), tenon::load(path, how, tenon::initialize(5)), tenon::threads{1}};
  CHECK(copy_of(sized(data.pictures())) == expected);
  CHECK(sized.load(path, how).loaded.size() == report.loaded.size());
  CHECK(sized.parameters().load(path, how).unused.empty());
}

TEST_CASE("prefixes are put on and changed") {
  foreign_file file("");
  for (tenon::tensor_source& each : file.tensors) each.name.erase(0, each.name.starts_with("encoder.") ? 8 : 0);
  teacher train{tenon::initialize(1), tenon::threads{1}};
  const auto report =
      train.load(file.write(), {.rename = {{"fine.", "encoder.fine."}, {"decoder.", "decoder."}, {"", "encoder."}}});
  CHECK(report.missing.empty());
  CHECK(report.unused.empty());
  CHECK(values_of(train, "encoder.fine.0.weight") == values_of(file.source, "encoder.fine.0.weight"));
  CHECK(values_of(train, "encoder.coarse.0.weight") == values_of(file.source, "encoder.coarse.0.weight"));
}

TEST_CASE("patterns name tensors and scopes") {
  using tenon::detail::names_tensor;
  CHECK(names_tensor("fc", "fc.weight"));
  CHECK(names_tensor("fc.weight", "fc.weight"));
  CHECK(names_tensor("*.bias", "a.b.bias"));
  CHECK(names_tensor("layer?.*.weight", "layer4.0.conv.weight"));
  CHECK(names_tensor("*", "a"));
  CHECK(names_tensor("a*c*e", "abcde"));
  CHECK(names_tensor("layer4.*", "layer4.0.conv1.weight"));
  CHECK_FALSE(names_tensor("fc", "fc2.weight"));
  CHECK_FALSE(names_tensor("fc", "head.fc.weight"));
  CHECK_FALSE(names_tensor("weight", "fc.weight"));
  CHECK_FALSE(names_tensor("fc.", "fc.weight"));
  CHECK_FALSE(names_tensor("", "fc.weight"));
  CHECK_FALSE(names_tensor("a*c*f", "abcde"));
}

TEST_CASE("what does not fit is refused, and nothing is taken") {
  foreign_file file("");
  const std::string& path = file.write();
  CHECK_THAT(refusal(path, {.skip = {"decoder.3", "decodr.1"}}),
             Contains("\"decodr.1\" is to be skipped, but names no tensor"));
  CHECK_THAT(refusal(path, {.rename = {{"", "module."}}}),
             Contains("no tensor would be taken") && Contains("\"decoder.") && Contains("the network \"decoder."));
  CHECK_THAT(refusal(path, {.rename = {{"decoder.1", "decoder.0"}}}), Contains("both become \"decoder.0.weight\""));
  CHECK_THAT(refusal(path, {.skip = {"*"}}), Contains("no tensor would be taken"));
  file["decoder.3.weight"].extents = {5, 32};
  CHECK_THAT(refusal(file.write(), {.skip = {"encoder"}}),
             Contains("tensor \"decoder.3.weight\" is F32 (5, 32), expected F32 (5, 32, 1, 1); .skip = "
                      "{\"decoder.3.weight\"} leaves it out"));
  // A misspelt pattern comes first: it may be why the tensor is there.
  CHECK_THAT(refusal(file.write(), {.skip = {"decoder3"}}), Contains("\"decoder3\" is to be skipped, but names no"));
  const auto sentence_of_load = [&] {
    try {
      teacher(tenon::initialize(1)).load(file.write());
    } catch (const tenon::weight_error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK_THAT(sentence_of_load(), Catch::Matchers::EndsWith("expected F32 (5, 32, 1, 1)"));
  file["decoder.3.weight"] = {"decoder.3.weight", "I32", {5, 32, 1, 1}, file.values.data()};
  CHECK_THAT(refusal(file.write(), {}),
             Contains("is I32 (5, 32, 1, 1), expected F32 (5, 32, 1, 1) (floats of 16, 32") &&
                 Contains("w[sys.argv[2]].float();") &&
                 Contains("FILE.safetensors 'decoder.3.weight' CONVERTED.safetensors"));
  file["decoder.3.weight"] = {"decoder.3.weight", "F32", {5, 32, 1, 1}, file.values.data()};
  file["decoder.1.num_batches_tracked"].dtype = "BOOL";
  file["decoder.1.num_batches_tracked"].extents = {1};
  CHECK_THAT(refusal(file.write(), {}), Contains("is BOOL (1), expected I64 (), the whole number of decoder.1.") &&
                                            Contains("w[sys.argv[2]].long();"));
  file["decoder.1.num_batches_tracked"].extents = {2};
  CHECK_THAT(refusal(file.write(), {}), Contains("is BOOL (2)") && !Contains("convert it"));
  CHECK_THROWS_AS(teacher(tenon::load("/nowhere", {}, tenon::initialize(1))), tenon::file_error);
}

TEST_CASE("a number of 64 bits that 32 bits do not hold is refused by the tensor's name") {
  foreign_file file("");
  const double infinity = std::numeric_limits<double>::infinity(), most = std::numeric_limits<float>::max();
  double wide[] = {1, -infinity, 3.4028235e38, most, 5};
  file["decoder.3.bias"] = {"decoder.3.bias", "F64", {5}, wide};
  teacher train{tenon::load(file.write()), tenon::threads{1}};
  const std::vector<float> loaded = values_of(train, "decoder.3.bias");
  CHECK(loaded[1] == -std::numeric_limits<float>::infinity());
  CHECK(loaded[2] == std::numeric_limits<float>::max());
  for (const double beyond : {1e300, -1e300, 3.4028236e38}) {
    wide[3] = beyond;
    CHECK_THAT(refusal(file.write(), {}), Contains("tensor \"decoder.3.bias\" is F64, expected what floats of 32 bits "
                                                   "hold, found a number beyond them at position 3"));
    CHECK_THROWS_AS(train.load(file.path), tenon::weight_error);
    CHECK(values_of(train, "decoder.3.bias") == loaded);
  }
}

TEST_CASE("weights of 16 and 64 bits, and counters of other integers, are loaded") {
  foreign_file file("");
  const float bias[] = {1, -2, 0.5F, 0, 65504};
  const double wide[] = {1, -2, 0.5, 0, 65504};
  const std::uint16_t half[] = {0x3c00, 0xc000, 0x3800, 0, 0x7bff};
  const std::uint8_t batches = 7;
  file["decoder.3.bias"] = {"decoder.3.bias", "F64", {5}, wide};
  file["decoder.1.num_batches_tracked"] = {"decoder.1.num_batches_tracked", "U8", {1}, &batches};
  teacher train{tenon::load(file.write()), tenon::threads{1}};
  CHECK(values_of(train, "decoder.3.bias") == std::vector<float>(bias, bias + 5));
  file["decoder.3.bias"] = {"decoder.3.bias", "F16", {5}, half};
  CHECK(train.load(file.write(), {}).missing.empty());
  CHECK(values_of(train, "decoder.3.bias") == std::vector<float>(bias, bias + 5));
  train.save(file.path);
  CHECK(tenon::stored_whole_number(*tenon::safetensors_file(file.path).find("decoder.1.num_batches_tracked")) == 7);
}
