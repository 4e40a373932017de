// SPDX-License-Identifier: Apache-2.0
// Files given as weights that are of another format: told by what stands in them, with the way to convert them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// What a file is instead of safetensors, and what to do. Empty for what is not known.
struct foreign_format {
  std::string_view what, remedy;
};

/// The numbers of a protobuf message's fields, as bits; 0 for what is no such message from end to end.
[[gnu::cold]] inline std::uint64_t protobuf_fields(std::string_view bytes) {
  std::size_t at = 0;
  bool sound = true;
  const auto variable = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at == bytes.size()) break;
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    sound = false;
    return value;
  };
  std::uint64_t fields = 0;
  while (at < bytes.size()) {
    const std::uint64_t key = variable(), kind = key & 7, field = key >> 3;
    std::uint64_t length = kind == 1 ? 8 : kind == 5 ? 4 : 0;
    if (kind == 0) variable();
    if (kind == 2) length = variable();
    if (!sound || field == 0 || field >= 64 || length > bytes.size() - at) return 0;
    if (kind != 0 && kind != 1 && kind != 2 && kind != 5) return 0;
    at += static_cast<std::size_t>(length);
    fields |= std::uint64_t{1} << field;
  }
  return fields;
}

/// Whether a text begins with a word in small letters, whatever its own letters, behind white space.
[[gnu::cold]] inline bool begins_with_word(std::string_view text, std::string_view word) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text.size() - start < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char letter = text[start + i];
    if ((letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter) != word[i]) return false;
  }
  return true;
}

/// The name of the first file in a zip archive.
[[gnu::cold]] inline std::string_view first_of_zip(std::string_view bytes) {
  if (bytes.size() < 30) return {};
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[26])) |
                      static_cast<std::size_t>(static_cast<unsigned char>(bytes[27])) << 8;
  return bytes.substr(30, length);
}

[[gnu::cold]] inline foreign_format foreign_format_of(std::string_view bytes) {
  constexpr std::string_view from_torch =
      R"py(convert it: python3 -c "import sys, torch; from safetensors.torch import save_file; )py"
      R"py(q = [torch.load(sys.argv[1], 'cpu', weights_only=True)]; )py"
      R"py([q.extend(v for k, v in d.items() if isinstance(k, str) and isinstance(v, dict)) for d in q]; )py"
      R"py(w = max(q, key=lambda d: sum(map(torch.is_tensor, d.values()))); print(*w); )py"
      R"py(save_file({n: t.clone().contiguous() for n, t in w.items() if torch.is_tensor(t)}, sys.argv[2])" )py"
      R"py(FILE.pth FILE.safetensors (of the dicts in it, under whatever keys, it takes the one of most tensors and )py"
      R"py(prints its names; of a whole model save model.state_dict() first))py";
  constexpr std::string_view from_script =
      R"py(convert it: python3 -c "import sys, torch; from safetensors.torch import save_file; )py"
      R"py(w = torch.jit.load(sys.argv[1], 'cpu').state_dict(); )py"
      R"py(save_file({n: t.clone().contiguous() for n, t in w.items()}, sys.argv[2])" FILE.pt FILE.safetensors)py";
  constexpr std::string_view from_onnx =
      R"py(convert its weights, which keep ONNX's names: python3 -c "import sys, onnx; from onnx.numpy_helper )py"
      R"py(import to_array; from safetensors.numpy import save_file; save_file({t.name: to_array(t).copy() for t in )py"
      R"py(onnx.load(sys.argv[1]).graph.initializer}, sys.argv[2])" FILE.onnx FILE.safetensors)py";
  constexpr std::string_view from_npz =
      R"py(convert it: python3 -c "import sys, numpy; from safetensors.numpy import save_file; )py"
      R"py(save_file(dict(numpy.load(sys.argv[1])), sys.argv[2])" FILE.npz FILE.safetensors)py";
  constexpr std::string_view from_hdf5 =
      R"py(convert it, and where Keras wrote it bring its arrays into PyTorch's order, (out, in, height, width): )py"
      R"py(python3 -c "import sys, h5py; from safetensors.numpy import save_file; w = {}; )py"
      R"py(h5py.File(sys.argv[1]).visititems(lambda n, d: w.update({n: d[()]}) if hasattr(d, 'dtype') else None); )py"
      R"py(save_file(w, sys.argv[2])" FILE.h5 FILE.safetensors)py";
  constexpr std::string_view from_tensorflow =
      "convert its variables to safetensors, in PyTorch's order of axes, (out, in, height, width)";

  const auto begins = [&](std::string_view word) { return bytes.starts_with(word); };
  if (begins("PK\x03\x04")) {
    const std::string_view first = first_of_zip(bytes);
    const std::string_view end = bytes.substr(bytes.size() - (bytes.size() < 65536 ? bytes.size() : 65536));
    if (first.ends_with(".npy")) return {"a file of NumPy (savez)", from_npz};
    if (end.find("/constants.pkl") != std::string_view::npos) return {"a file of TorchScript", from_script};
    if (first.ends_with("data.pkl")) return {"a file of PyTorch (torch.save)", from_torch};
    return {"a zip archive", "unpack it, or convert what it holds to safetensors"};
  }
  if (bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5) {
    return {"a pickle, as PyTorch's torch.save wrote it before 1.6", from_torch};
  }
  if (begins("\x89HDF\r\n\x1a\n")) return {"an HDF5 file, as Keras writes it", from_hdf5};
  if (begins("\x93NUMPY")) return {"a npy file, one array", "put it into a safetensors file under its name"};
  if (begins("GGUF")) return {"a GGUF file", "take the safetensors file that it was made from"};
  if (bytes.size() > 8 && bytes.substr(4, 4) == "TFL3") return {"a file of TensorFlow Lite", from_tensorflow};
  if (begins("version https://git-lfs")) {
    return {"a pointer of Git LFS", "fetch the file that it stands for: git lfs pull"};
  }
  if (begins("\x1f\x8b")) return {"a gzip file", "unpack it: gunzip"};
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar") return {"a tar archive", "unpack it: tar -xf"};
  if (begins_with_word(bytes, "<!doctype html") || begins_with_word(bytes, "<html")) {
    return {"an HTML page", "download the file itself, not the page about it"};
  }
  if (begins_with_word(bytes, "{")) {
    return {"JSON text, such as the index of a model in several files",
            "load the files that it names, one after the other, each with a tenon::partial"};
  }
  const auto has = [fields = protobuf_fields(bytes)](unsigned number) { return (fields >> number & 1) != 0; };
  if (has(1) && has(7) && bytes[0] == '\x08') return {"an ONNX model", from_onnx};
  if (begins("\x08\x01\x12") && has(2)) return {"a model of TensorFlow", from_tensorflow};
  if (begins("\n") && has(1) && has(4)) return {"a graph of TensorFlow", from_tensorflow};
  return {};
}

/// Refuses a file that is of another known format; leaves others to be refused for what they lack.
[[gnu::cold]] inline void refuse_foreign_weights(const std::string& path, std::span<const std::byte> bytes) {
  const foreign_format known = foreign_format_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (known.what.empty()) return;
  const std::string expected = "a safetensors file";
  throw format_error(joined({path, ": expected ", expected, ", found ", known.what, "; ", known.remedy}), path,
                     expected, std::string(known.what));
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
