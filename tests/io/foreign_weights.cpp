// SPDX-License-Identifier: Apache-2.0
// Files of other formats given as weights: the sentence says what they are and how to convert them.
#include "tenon/io/foreign_weights.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "temporary_folder.hpp"
#include "tenon/io/safetensors.hpp"

namespace {

using Catch::Matchers::Contains;

std::string refusal(const std::string& bytes) {
  const temporary_folder folder;
  const std::string path = folder.file("weights");
  write_bytes(path, bytes);
  const std::string sentence = sentence_of<tenon::format_error>([&] { const tenon::safetensors_file file(path); });
  CHECK(sentence.starts_with(path + ": expected "));
  CHECK(sentence.find('\n') == std::string::npos);
  return sentence;
}

/// A zip archive as far as it is looked at: a first file of that name, and something further on.
std::string zip(const std::string& first, const std::string& later = "") {
  return std::string("PK\x03\x04") + std::string(22, '\0') + static_cast<char>(first.size()) + std::string(3, '\0') +
         first + std::string(200, 'x') + later;
}

}  // namespace

TEST_CASE("files of PyTorch say how to convert them") {
  for (const std::string& bytes : {zip("archive/data.pkl"), std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9 j", 11),
                                   std::string("\x80\x04\x95\x00\x00", 5)}) {
    CHECK_THAT(refusal(bytes), Contains("PyTorch") && Contains("torch.load(sys.argv[1], 'cpu', weights_only=True)") &&
                                   Contains("max(q, key=lambda d: sum(map(torch.is_tensor, d.values())))") &&
                                   Contains("under whatever keys, it takes the one of most tensors"));
  }
  CHECK_THAT(refusal(zip("model/data.pkl", "model/constants.pkl")),
             Contains("found a file of TorchScript") && Contains("torch.jit.load"));
}

TEST_CASE("files of others are told apart") {
  CHECK_THAT(refusal(zip("x.npy")), Contains("found a file of NumPy (savez); convert it: python3 -c"));
  CHECK_THAT(refusal(zip("readme.txt")), Contains("found a zip archive"));
  CHECK_THAT(refusal("PK\x03\x04"), Contains("found a zip archive"));
  CHECK_THAT(refusal("\x89HDF\r\n\x1a\n, and more"), Contains("found an HDF5 file") && Contains("h5py.File"));
  CHECK_THAT(refusal("\x93NUMPY, and more"), Contains("found a npy file"));
  CHECK_THAT(refusal("GGUF, and more"), Contains("found a GGUF file"));
  CHECK_THAT(refusal("\x1c___TFL3, and more"), Contains("found a file of TensorFlow Lite"));
  CHECK_THAT(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"), Contains("git lfs pull"));
  CHECK_THAT(refusal("\x1f\x8b\x08, and more"), Contains("found a gzip file"));
  CHECK_THAT(refusal("name" + std::string(253, '\0') + "ustar" + std::string(250, '\0')), Contains("a tar archive"));
  CHECK_THAT(refusal("\n <!DocType HTML><html>"), Contains("found an HTML page"));
  CHECK_THAT(refusal("<HTML>, and more"), Contains("found an HTML page"));
  CHECK_THAT(refusal(R"({"weight_map": {"a": "model-00001-of-00002.safetensors"}})"), Contains("found JSON text"));
}

TEST_CASE("messages of protobuf are ONNX models or graphs of TensorFlow") {
  // Version 8, the producer's name, a graph, an operator set.
  const std::string onnx("\x08\x08\x12\x07pytorch:\x05graph\x42\x02\x10\x11", 22);
  CHECK_THAT(refusal(onnx), Contains("found an ONNX model") && Contains("numpy_helper import to_array"));
  CHECK_THAT(refusal("\x08\x01\x12\x05graph"), Contains("found a model of TensorFlow"));
  CHECK_THAT(refusal("\n\x04node\n\x04node\x22\x03\x08\x87\x01"), Contains("found a graph of TensorFlow"));

  using tenon::detail::protobuf_fields;
  CHECK(protobuf_fields(onnx) == (1U << 1 | 1U << 2 | 1U << 7 | 1U << 8));
  CHECK(protobuf_fields({"\x0d\1\2\3\4\x11\1\2\3\4\5\6\7\x08", 14}) == (1U << 1 | 1U << 2));
  for (std::size_t length = 1; length < onnx.size(); ++length) {
    const std::uint64_t fields = protobuf_fields(std::string_view(onnx).substr(0, length));
    const bool between_fields = length == 2 || length == 11 || length == 18;
    CHECK((fields != 0) == between_fields);
  }
  CHECK(protobuf_fields({"\0\0", 2}) == 0);
  CHECK(protobuf_fields("\x0b") == 0);
  CHECK(protobuf_fields(std::string(20, '\xff')) == 0);
  CHECK(protobuf_fields("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x") == 0);
}

TEST_CASE("what is not known is refused for what it lacks") {
  CHECK_THAT(refusal(""), Contains("of 8 bytes or more, found 0"));
  CHECK_THAT(refusal("\x80"), Contains("of 8 bytes or more"));
  CHECK_THAT(refusal("a text, and more"), Contains("a safetensors header of at most"));
  CHECK_THAT(refusal(std::string("\3\0\0\0\0\0\0\0abc", 11)), Contains("begins with {, found 'a'"));
}
