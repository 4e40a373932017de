// SPDX-License-Identifier: Apache-2.0
// Pictures and labels: in and out unchanged, into tensors and back, and refused with a sentence when they are none.
#include "tenon/io/image.hpp"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "skip.hpp"
#include "temporary_folder.hpp"

namespace {

using Catch::Matchers::Contains;

tenon::image_rgb some_picture(int height, int width) {
  tenon::image_rgb image{height, width, {}};
  for (int i = 0; i < height * width * 3; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 37 + i / 7));
  return image;
}

tenon::label_image some_labels(int height, int width) {
  tenon::label_image image{height, width, {}};
  for (int i = 0; i < height * width; ++i) image.labels.push_back(static_cast<std::uint8_t>(i * 11));
  image.labels.back() = 255;
  return image;
}

/// A file of OpenCV's making, its bytes.
std::string encoded(const cv::Mat& pixels, const std::string& extension, const std::vector<int>& options = {}) {
  std::vector<std::uint8_t> bytes;
  REQUIRE(cv::imencode(extension, pixels, bytes, options));
  return {bytes.begin(), bytes.end()};
}

cv::Mat gradient(int type) {
  cv::Mat pixels(24, 32, type);
  cv::randu(pixels, cv::Scalar::all(0), cv::Scalar::all(255));
  return pixels;
}

std::string big_endian_text(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string checked = type + data;
  const std::uint32_t check = tenon::detail::crc32(std::as_bytes(std::span(checked)));
  return big_endian_text(static_cast<std::uint32_t>(data.size())) + checked + big_endian_text(check);
}

const std::string signature = "\x89PNG\r\n\x1a\n";

std::string png_header(std::uint32_t width, std::uint32_t height, char depth, char type) {
  return chunk("IHDR", big_endian_text(width) + big_endian_text(height) + depth + type + std::string(3, '\0'));
}

/// A zlib stream that holds `raw` uncompressed.
std::string stored(const std::string& raw) {
  std::uint32_t low = 1, high = 0;
  for (const char byte : raw) {
    low = (low + static_cast<unsigned char>(byte)) % 65521;
    high = (high + low) % 65521;
  }
  const auto size = static_cast<unsigned>(raw.size());
  std::string stream = "\x78\x01\x01";
  for (const unsigned part : {size & 0xff, size >> 8, ~size & 0xff, (~size >> 8) & 0xff}) {
    stream += static_cast<char>(part);
  }
  return stream + raw + big_endian_text(high << 16 | low);
}

template <class Read>
std::string refusal(const std::string& bytes, const Read& read) {
  const temporary_folder folder;
  const std::string path = folder.file("bad");
  write_bytes(path, bytes);
  const std::string sentence = sentence_of<tenon::format_error>([&] { read(path); });
  CHECK(sentence.starts_with(path + ": "));
  return sentence;
}

std::string refusal(const std::string& bytes) { return refusal(bytes, tenon::read_image); }
std::string labels_refusal(const std::string& bytes) { return refusal(bytes, tenon::read_labels); }

/// What a scope writes to the process's standard error.
class captured_stderr {
 public:
  captured_stderr() : before_(::dup(STDERR_FILENO)), file_(std::tmpfile()) {
    REQUIRE(file_ != nullptr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~captured_stderr() {
    restore();
    std::fclose(file_);
  }
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;

  std::string text() {
    restore();
    std::string result;
    std::rewind(file_);
    for (int character = std::fgetc(file_); character != EOF; character = std::fgetc(file_)) {
      result += static_cast<char>(character);
    }
    return result;
  }

 private:
  void restore() {
    std::fflush(stderr);
    if (before_ < 0) return;
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    before_ = -1;
  }

  int before_;
  std::FILE* file_;
};

}  // namespace

TEST_CASE("the checksum is PNG's") {
  const std::string digits = "123456789";
  CHECK(tenon::detail::crc32(std::as_bytes(std::span(digits))) == 0xcbf43926U);
}

TEST_CASE("pictures and labels come back unchanged from PNG") {
  const temporary_folder folder;
  const std::string path = folder.file("a.png");
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(7, 5), std::pair(64, 33)}) {
    CAPTURE(height, width);
    const tenon::image_rgb image = some_picture(height, width);
    tenon::write_png(path, image);
    const tenon::image_rgb read = tenon::read_image(path);
    CHECK(read.height == height);
    CHECK(read.width == width);
    CHECK(read.pixels == image.pixels);

    const tenon::label_image labels = some_labels(height, width);
    tenon::write_png(path, labels);
    const tenon::label_image read_labels = tenon::read_labels(path);
    CHECK(read_labels.height == height);
    CHECK(read_labels.width == width);
    CHECK(read_labels.labels == labels.labels);
  }
  CHECK(folder.count() == 1);
}

TEST_CASE("red comes first") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  const cv::Mat blue_first(8, 8, CV_8UC3, cv::Scalar(10, 20, 200));
  for (const char* extension : {".png", ".jpg"}) {
    write_bytes(path, encoded(blue_first, extension));
    const tenon::image_rgb image = tenon::read_image(path);
    CHECK(std::abs(image.pixels[0] - 200) <= 3);
    CHECK(std::abs(image.pixels[1] - 20) <= 3);
    CHECK(std::abs(image.pixels[2] - 10) <= 3);
  }
}

TEST_CASE("pictures of any depth and color are read as RGB") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  const auto read = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    return tenon::read_image(path);
  };
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3}) {
    const tenon::image_rgb image = read(encoded(gradient(type), ".png"));
    CHECK(image.height == 24);
    CHECK(image.width == 32);
    CHECK(image.pixels.size() == 24 * 32 * 3);
  }
  for (const int type : {CV_8UC1, CV_8UC3}) {
    CHECK(read(encoded(gradient(type), ".jpg")).pixels.size() == 24 * 32 * 3);
    CHECK(read(encoded(gradient(type), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1})).pixels.size() == 24 * 32 * 3);
    CHECK(read(encoded(gradient(type), ".jpg", {cv::IMWRITE_JPEG_RST_INTERVAL, 1})).pixels.size() == 24 * 32 * 3);
  }
  // A palette: pixel 0 is its colour 1, pixel 1 its colour 0.
  const std::string palette = signature + png_header(2, 1, 8, 3) + chunk("PLTE", "\x01\x02\x03\x04\x05\x06") +
                              chunk("IDAT", stored(std::string("\0\1\0", 3))) + chunk("IEND", "");
  CHECK(read(palette).pixels == std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3});
  // Something after the end, as some cameras leave there.
  CHECK(read(encoded(gradient(CV_8UC3), ".jpg") + "more").width == 32);
  CHECK(read(palette + "more").width == 2);
}

TEST_CASE("chunks that pixels do not depend on are left out, silently") {
  const temporary_folder folder;
  const std::string path = folder.file("a.png");
  const std::string bytes = signature + png_header(2, 1, 8, 0) + chunk("iCCP", "no profile") + chunk("tRNS", "x") +
                            chunk("IDAT", stored(std::string("\0\x07\x09", 3))) + chunk("IEND", "");
  write_bytes(path, bytes);
  captured_stderr captured;
  const tenon::label_image labels = tenon::read_labels(path);
  CHECK(captured.text().empty());
  CHECK(labels.labels == std::vector<std::uint8_t>{7, 9});
}

TEST_CASE("what is no picture is refused") {
  CHECK_THAT(refusal(""), Contains("expected a PNG or JPEG image, found an empty file"));
  CHECK_THAT(refusal("a text"), Contains("expected a PNG or JPEG image, found something else"));
  CHECK_THAT(refusal(encoded(gradient(CV_8UC3), ".bmp")), Contains("expected a PNG or JPEG image"));
  CHECK_THAT(refusal(signature), Contains("a whole PNG image"));
  CHECK_THAT(refusal("\xff\xd8\xff"), Contains("a whole JPEG image"));
  CHECK_THAT(refusal("\xff\xd8\xff\xd9"), Contains("no pixels"));

  const std::string pixels = chunk("IDAT", stored(std::string(3, '\0'))), end = chunk("IEND", "");
  CHECK_THAT(refusal(signature + pixels + end), Contains("in order") && Contains("'IDAT'"));
  CHECK_THAT(refusal(signature + png_header(2, 1, 8, 0) + end), Contains("in order") && Contains("'IEND'"));
  CHECK_THAT(refusal(signature + png_header(2, 1, 8, 0) + png_header(2, 1, 8, 0)), Contains("'IHDR'"));
  CHECK_THAT(refusal(signature + png_header(2, 1, 8, 3) + pixels + end), Contains("'IDAT'"));
  CHECK_THAT(refusal(signature + png_header(2, 1, 8, 3) + chunk("PLTE", "1234") + pixels + end),
             Contains("256 colours, found 4 bytes"));
  CHECK_THAT(refusal(signature + png_header(2, 1, 8, 0) + chunk("ABCD", "") + pixels + end), Contains("'ABCD'"));
  CHECK_THAT(refusal(signature + png_header(2, 1, 3, 0) + pixels + end), Contains("color type 0 of 3 bits"));
  CHECK_THAT(refusal(signature + chunk("IHDR", "short") + pixels + end), Contains("found 5"));
  CHECK_THAT(refusal(signature + png_header(0, 1, 8, 0) + pixels + end), Contains("found 0 x 1"));
  CHECK_THAT(refusal(signature + png_header(1 << 20, 1 << 11, 8, 0) + pixels + end), Contains("found 1048576 x 2048"));
  CHECK_THAT(refusal(signature + png_header(0xffffffffU, 1, 8, 0) + pixels + end), Contains("found 4294967295 x 1"));

  std::string flipped = encoded(gradient(CV_8UC3), ".png");
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  CHECK_THAT(refusal(flipped), Contains("sound checksums, found damage in chunk 'IDAT'"));
}

TEST_CASE("labels are grey or of a palette, of at most 8 bits, and PNG") {
  CHECK_THAT(labels_refusal(encoded(gradient(CV_8UC3), ".png")), Contains("found a colour PNG of 8 bits"));
  CHECK_THAT(labels_refusal(encoded(gradient(CV_8UC4), ".png")), Contains("found a colour PNG of 8 bits"));
  CHECK_THAT(labels_refusal(encoded(gradient(CV_16UC1), ".png")), Contains("found a grey PNG of 16 bits"));
  CHECK_THAT(labels_refusal(encoded(gradient(CV_8UC1), ".jpg")), Contains("found a JPEG"));
  CHECK_THAT(labels_refusal(signature + png_header(2, 1, 8, 4) + chunk("IDAT", stored(std::string(5, '\0'))) +
                            chunk("IEND", "")),
             Contains("found a grey PNG with transparency of 8 bits"));
  CHECK_THAT(labels_refusal("a text"), Contains("expected a PNG or JPEG image"));
}

TEST_CASE("labels are what the file holds, whatever its depth and its colours") {
  const temporary_folder folder;
  const std::string path = folder.file("a.png");
  using labels = std::vector<std::uint8_t>;
  const auto read = [&](int width, char depth, char type, const std::string& row) {
    const std::string palette = type == 3 ? chunk("PLTE", "\x80\x40\x20\x10\x20\x30") : "";
    write_bytes(path, signature + png_header(static_cast<std::uint32_t>(width), 1, depth, type) + palette +
                          chunk("tRNS", "") + chunk("IDAT", stored('\0' + row)) + chunk("IEND", ""));
    const tenon::label_image image = tenon::read_labels(path);
    CHECK(image.width == width);
    CHECK(image.height == 1);
    return image.labels;
  };
  // A palette may be shorter than the labels: 255 for "ignored" often stands behind its end.
  for (const char type : {'\0', '\3'}) {
    CAPTURE(static_cast<int>(type));
    CHECK(read(10, 1, type, "\xb2\x40") == labels{1, 0, 1, 1, 0, 0, 1, 0, 0, 1});
    CHECK(read(5, 2, type, "\x1b\x80") == labels{0, 1, 2, 3, 2});
    CHECK(read(3, 4, type, "\x1f\xa0") == labels{1, 15, 10});
    CHECK(read(4, 8, type, {"\x00\x01\x15\xff", 4}) == labels{0, 1, 21, 255});
  }
  // All values of four bits, and rows that do not fill their bytes.
  std::string rows;
  for (int y = 0; y < 3; ++y) rows += std::string(1, '\0') + "\x01\x23\x45\x67\x89\xab\xcd\xe0";
  rows[9 + 1] = '\xff';
  write_bytes(path, signature + png_header(15, 3, 4, 3) + chunk("PLTE", "123") + chunk("IDAT", stored(rows)) +
                        chunk("IEND", ""));
  const tenon::label_image image = tenon::read_labels(path);
  REQUIRE(image.labels.size() == 45);
  for (std::size_t i = 0; i < 45; ++i) CHECK(image.labels[i] == (i == 15 || i == 16 ? 15 : i % 15));
}

namespace {

/// Exif data that give an orientation, behind another entry, in either order of bytes.
std::string exif_data(int orientation, bool greatest_first) {
  const auto number = [&](unsigned value, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * (greatest_first ? count - 1 - i : i)));
    return bytes;
  };
  const auto value = static_cast<unsigned>(orientation);
  return (greatest_first ? "MM" : "II") + number(42, 2) + number(8, 4) + number(2, 2) +  //
         number(0x0100, 2) + number(4, 2) + number(1, 4) + number(640, 4) +              //
         number(0x0112, 2) + number(3, 2) + number(1, 4) + number(value, 2) + number(0, 2) + number(0, 4);
}

std::string segment(unsigned marker, const std::string& data) {
  const std::size_t length = data.size() + 2;
  return {std::string("\xff") + static_cast<char>(marker) + static_cast<char>(length >> 8) + static_cast<char>(length) +
          data};
}

/// 3 x 2 pixels of these numbers, turned as an orientation says: row after row, by the Exif standard.
const std::vector<std::vector<int>> turned = {{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1},
                                              {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                              {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};

}  // namespace

TEST_CASE("pictures come upright, wherever the file says how") {
  const temporary_folder folder;
  const std::string path = folder.file("a");
  // 16 x 16 pixels a number, so that JPEG keeps them apart.
  cv::Mat numbers(32, 48, CV_8UC1);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 48; ++x)
      numbers.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(40 * (y / 16 * 3 + x / 16 + 1));
  }
  const std::string jpeg = encoded(numbers, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 100}), png = encoded(numbers, ".png");
  const std::string xmp = segment(0xe1, std::string("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>", 42));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool greatest_first : {false, true}) {
      const std::string data = exif_data(orientation, greatest_first);
      const std::string exif = segment(0xe1, std::string("Exif\0\0", 6) + data);
      const std::size_t before_end = png.size() - 12;
      const std::string files[] = {jpeg.substr(0, 2) + exif + jpeg.substr(2),
                                   jpeg.substr(0, 2) + xmp + exif + jpeg.substr(2),
                                   jpeg.substr(0, 20) + segment(0xfe, "a remark") + xmp + exif + jpeg.substr(20),
                                   png.substr(0, 33) + chunk("eXIf", data) + png.substr(33),
                                   png.substr(0, before_end) + chunk("eXIf", data) + png.substr(before_end)};
      for (std::size_t f = 0; f < std::size(files); ++f) {
        CAPTURE(orientation, greatest_first, f);
        write_bytes(path, files[f]);
        const tenon::image_rgb image = tenon::read_image(path);
        REQUIRE(image.width == (orientation < 5 ? 48 : 32));
        REQUIRE(image.height == (orientation < 5 ? 32 : 48));
        const int columns = image.width / 16;
        std::vector<int> found;
        for (int i = 0; i < 6; ++i) {
          const int y = i / columns * 16 + 8, x = i % columns * 16 + 8;
          found.push_back((image.pixels[static_cast<std::size_t>(3 * (y * image.width + x))] + 20) / 40);
        }
        CHECK(found == turned[static_cast<std::size_t>(orientation - 1)]);
        if (f < 3) continue;
        const tenon::label_image labels = tenon::read_labels(path);
        CHECK(labels.width == image.width);
        CHECK(labels.labels[0] == image.pixels[0]);
      }
    }
  }
  // What is no orientation turns nothing.
  for (const std::string& data : {exif_data(0, true), exif_data(9, false), exif_data(6, true).substr(0, 30),
                                  std::string("MM"), std::string(), "Mm" + exif_data(6, true).substr(2)}) {
    write_bytes(path, jpeg.substr(0, 2) + segment(0xe1, std::string("Exif\0\0", 6) + data) + jpeg.substr(2));
    CHECK(tenon::read_image(path).width == 48);
  }
}

TEST_CASE("a JPEG without its end marker is read if it lacks nothing else") {
  const temporary_folder folder;
  const std::string path = folder.file("a.jpg");
  captured_stderr captured;  // decoders tell the terminal what they miss
  for (const int interval : {0, 1, 2}) {
    const std::string bytes = encoded(gradient(CV_8UC3), ".jpg", {cv::IMWRITE_JPEG_RST_INTERVAL, interval});
    write_bytes(path, bytes);
    const std::vector<std::uint8_t> whole = tenon::read_image(path).pixels;
    write_bytes(path, bytes.substr(0, bytes.size() - 2));
    CHECK(tenon::read_image(path).pixels == whole);
    for (std::size_t cut = 1; cut + 600 < bytes.size(); ++cut) {
      if (cut == 2) continue;
      CAPTURE(interval, cut);
      write_bytes(path, bytes.substr(0, bytes.size() - cut));
      CHECK_THROWS_AS(tenon::read_image(path), tenon::format_error);
    }
  }
  CHECK(captured.text().empty());
}

TEST_CASE("a JPEG of any extents may lack its end marker, whatever it shows") {
  const temporary_folder folder;
  const std::string path = folder.file("a.jpg");
  captured_stderr captured;
  for (const int type : {CV_8UC3, CV_8UC1}) {
    for (const int progressive : {0, 1}) {
      for (const int quality : {30, 95}) {
        for (const auto& [height, width] :
             {std::pair(1, 1), std::pair(17, 8), std::pair(40, 61), std::pair(250, 200)}) {
          CAPTURE(type, progressive, quality, height, width);
          // Smooth, so that many coefficients are 0 and runs of blocks have none.
          cv::Mat pixels(height, width, type);
          for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width * pixels.channels(); ++x) {
              pixels.ptr(y)[x] = static_cast<std::uint8_t>(x < width ? x + 2 * y : x * y % 64 > 60 ? 200 : 10);
            }
          }
          const std::string bytes = encoded(pixels, ".jpg",
                                            {cv::IMWRITE_JPEG_PROGRESSIVE, progressive, cv::IMWRITE_JPEG_QUALITY,
                                             quality, cv::IMWRITE_JPEG_OPTIMIZE, progressive});
          write_bytes(path, bytes);
          const std::vector<std::uint8_t> whole = tenon::read_image(path).pixels;
          write_bytes(path, bytes.substr(0, bytes.size() - 2));
          CHECK(tenon::read_image(path).pixels == whole);
          write_bytes(path, bytes.substr(0, bytes.size() - 3));
          CHECK_THROWS_AS(tenon::read_image(path), tenon::format_error);
        }
      }
    }
  }
  CHECK(captured.text().empty());
}

TEST_CASE("a progressive JPEG without its end marker is read if no scan is missing or cut") {
  const temporary_folder folder;
  const std::string path = folder.file("a.jpg");
  captured_stderr captured;
  for (const int type : {CV_8UC3, CV_8UC1}) {
    for (const int interval : {0, 2}) {
      const std::string bytes =
          encoded(gradient(type), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1, cv::IMWRITE_JPEG_RST_INTERVAL, interval});
      write_bytes(path, bytes);
      const std::vector<std::uint8_t> whole = tenon::read_image(path).pixels;
      write_bytes(path, bytes.substr(0, bytes.size() - 2));
      CHECK(tenon::read_image(path).pixels == whole);
      const std::size_t last = bytes.rfind("\xff\xda");
      for (std::size_t size = last; size < bytes.size() - 2; ++size) {
        CAPTURE(type, interval, size);
        write_bytes(path, bytes.substr(0, size));
        CHECK_THROWS_AS(tenon::read_image(path), tenon::format_error);
      }
      // The scan before is whole, and refines no more than it.
      CHECK_THAT(refusal(bytes.substr(0, last)),
                 Contains("lacks scans which refine its pixels") && Contains("get it anew"));
      CHECK_THAT(refusal(bytes.substr(0, last + (bytes.size() - last) / 2)), Contains("a whole JPEG image"));
    }
  }
  CHECK(captured.text().empty());
}

TEST_CASE("missing and unwritable pictures are file errors") {
  const temporary_folder folder;
  const std::string path = folder.file("a.png");
  CHECK_THROWS_AS(tenon::read_image(path), tenon::file_error);
  CHECK_THROWS_AS(tenon::read_labels(path), tenon::file_error);
  CHECK_THROWS_AS(tenon::read_image(folder.file("")), tenon::file_error);
  tenon::write_png(path, some_picture(2, 2));
  const std::string before = read_bytes(path);
  CHECK_THROWS_AS(tenon::write_png(path + "/b.png", some_picture(3, 3)), tenon::file_error);
  CHECK_THROWS_AS(tenon::write_png(folder.file("no/b.png"), some_labels(3, 3)), tenon::file_error);
  CHECK_THROWS_AS(tenon::write_png("/proc/b.png", some_labels(3, 3)), tenon::file_error);
  CHECK_THROWS_AS(tenon::write_png(path, tenon::image_rgb{2, 2, std::vector<std::uint8_t>(11)}), tenon::shape_error);
  CHECK_THROWS_AS(tenon::write_png(path, tenon::image_rgb{}), tenon::shape_error);
  CHECK_THROWS_AS(tenon::write_png(path, tenon::label_image{-1, -1, {0}}), tenon::shape_error);
  CHECK(read_bytes(path) == before);
  CHECK(folder.count() == 1);
}

TEST_CASE("damaged pictures are refused or read, never more") {
  const temporary_folder folder;
  const auto read = [](const std::string& path) {
    const tenon::image_rgb image = tenon::read_image(path);
    if (image.pixels.size() != static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) * 3) {
      FAIL("pixels and extents differ");
    }
  };
  // Small noise: what a decoder says of flipped bits in JPEG data is not under test here, so it is kept from the log.
  captured_stderr captured;
  const int png = damage(folder.file("a.png"), encoded(gradient(CV_8UC3), ".png"), 300, 500, read);
  const std::string said = captured.text();
  CHECK(png == 500);
  CHECK(said.empty());

  const captured_stderr ignored;
  const int jpeg = damage(folder.file("a.jpg"), encoded(gradient(CV_8UC3), ".jpg"), 300, 500, read);
  CHECK(jpeg > 50);
  for (const int progressive : {0, 1}) {
    const std::string whole = encoded(gradient(CV_8UC3), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, progressive});
    CHECK(damage(folder.file("b.jpg"), whole.substr(0, whole.size() - 2), 300, 500, read) > 50);
  }
}

TEST_CASE("OpenCV's log level is left as it was") {
  const auto before = cv::utils::logging::getLogLevel();
  const temporary_folder folder;
  tenon::write_png(folder.file("a.png"), some_picture(2, 2));
  tenon::read_image(folder.file("a.png"));
  CHECK(cv::utils::logging::getLogLevel() == before);
}

TEST_CASE("a picture becomes a tensor and comes back") {
  const tenon::image_rgb image = some_picture(3, 5);
  std::vector<float> values(3 * 3 * 5, -100.0F);
  const std::array<float, 3> mean = {0.485F, 0.456F, 0.406F}, deviation = {0.229F, 0.224F, 0.225F};
  tenon::to_tensor(image, mean, deviation, values.data());
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < 15; ++i) {
      const double expected = (image.pixels[3 * i + channel] / 255.0 - mean[channel]) / deviation[channel];
      CHECK(values[channel * 15 + i] == Approx(expected).margin(1e-6));
    }
  }
  std::vector<float> same(values.size());
  const tenon::tensor_view view(same, 3, 3, 5);
  tenon::to_tensor(image, mean, deviation, view);
  CHECK(same == values);
  CHECK(tenon::to_image(view, mean, deviation).pixels == image.pixels);
  CHECK_THROWS_WITH(tenon::to_tensor(image, mean, deviation, tenon::tensor_view(same, 3, 5, 3)),
                    "a view of 3 x 5 x 3 for a picture, expected 3 x 3 x 5");
  CHECK_THROWS_AS(tenon::to_tensor(image, {}, tenon::tensor_view(same, 1, 9, 5)), tenon::shape_error);
  CHECK_THROWS_AS(tenon::to_image(tenon::tensor_view(same, 5, 3, 3), mean, deviation), tenon::shape_error);
  CHECK_THROWS_AS(tenon::to_image(tenon::tensor_view<const float, 3>(nullptr, 3, 0, 5), mean, deviation),
                  tenon::shape_error);
  const tenon::image_rgb back = tenon::to_image(values.data(), 3, 5, mean, deviation);
  CHECK(back.height == 3);
  CHECK(back.width == 5);
  CHECK(back.pixels == image.pixels);

  const float infinity = std::numeric_limits<float>::infinity();
  const float extremes[] = {-infinity, infinity, std::numeric_limits<float>::quiet_NaN()};
  CHECK(tenon::to_image(extremes, 1, 1, {0, 0, 0}, {1, 1, 1}).pixels == std::vector<std::uint8_t>{0, 255, 0});
  CHECK_THROWS_AS(tenon::to_tensor({2, 2, {1}}, mean, deviation, values.data()), tenon::shape_error);
}

TEST_CASE("real pictures and their labels are read") {
  const std::filesystem::path folder = std::filesystem::path(TENON_SHARED_DATA) / "data" / "camvid" / "val";
  if (!std::filesystem::is_directory(folder)) TENON_SKIP("no folder " + folder.string());
  int count = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder / "images")) {
    if (++count > 3) break;
    const tenon::image_rgb image = tenon::read_image(item.path().string());
    const tenon::label_image labels = tenon::read_labels((folder / "labels" / item.path().stem()).string() + ".png");
    CHECK(image.height == labels.height);
    CHECK(image.width == labels.width);
  }
  CHECK(count > 0);
}
