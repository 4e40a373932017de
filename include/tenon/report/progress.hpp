// SPDX-License-Identifier: Apache-2.0
// A progress bar for training: epoch, loss, mean IoU, images a second, time left.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "tenon/core/error.hpp"
#include "tenon/core/language.hpp"
#include "tenon/core/number_text.hpp"

namespace tenon {
inline namespace v0 {

/// Seconds as "2:05" or "1:02:05".
inline std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof(text), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof(text), "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

/// Shows how a training goes. On a terminal one line is drawn again and again, and each finished epoch leaves one;
/// elsewhere a plain line is printed now and then, and one for each finished epoch. Images a second and the time left
/// are of what was done since the first step that is reported, so that a training which is resumed, between two epochs
/// or within one, claims nothing that was done before; until a second one is reported they are "?". Where only epochs
/// are reported, they count from when this was made.
class progress {
 public:
  /// `between_lines`: the least time between lines where the output is no terminal.
  progress(std::int64_t epochs, std::int64_t images_an_epoch, std::FILE* to = stdout,
           std::chrono::milliseconds between_lines = std::chrono::seconds(10))
      : to_(to),
        terminal_(isatty(fileno(to)) != 0),
        epochs_(epochs),
        images_(images_an_epoch),
        between_lines_(terminal_ ? std::chrono::milliseconds(100) : between_lines),
        start_(clock::now()),
        last_(start_) {}

  /// After each step: images done in this epoch, and the mean loss of the epoch so far.
  void step(std::int64_t epoch, std::int64_t images, double loss) {
    const auto now = clock::now();
    begin_at(images_before(epoch) + images, now);
    if (now - last_ < between_lines_) return;
    last_ = now;
    const std::string text = line(epoch, images, loss, last_iou_);
    if (terminal_) {
      const std::int64_t filled = images_ > 0 ? bar_width * images / images_ : bar_width;
      std::string bar(static_cast<std::size_t>(std::clamp<std::int64_t>(filled, 0, bar_width)), '#');
      bar.resize(bar_width, '.');
      std::fprintf(to_, "\r[%s] %s\033[K", bar.c_str(), text.c_str());
    } else {
      std::fprintf(to_, "%s\n", text.c_str());
    }
    std::fflush(to_);
  }

  /// After an epoch with its evaluation.
  void epoch_done(std::int64_t epoch, double loss, double mean_iou) {
    begin_at(images_before(epoch), start_);
    last_iou_ = mean_iou;
    if (terminal_) std::fputs("\r\033[K", to_);
    std::fprintf(to_, "%s\n", line(epoch, images_, loss, mean_iou).c_str());
    std::fflush(to_);
    last_ = clock::now();
  }

  double seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr int bar_width = 20;

  std::int64_t images_before(std::int64_t epoch) const { return (epoch - 1) * images_; }

  void begin_at(std::int64_t images, clock::time_point time) {
    if (has_begun_) return;
    has_begun_ = true;
    first_ = images;
    begin_ = time;
  }

  std::string line(std::int64_t epoch, std::int64_t images, double loss, double mean_iou) const {
    const auto done = static_cast<double>(images_before(epoch) + images - first_);
    const auto left = static_cast<double>(std::max<std::int64_t>((epochs_ - epoch + 1) * images_ - images, 0));
    const double spent = std::chrono::duration<double>(clock::now() - begin_).count();
    const bool is_known = done > 0 && spent > 0;
    const std::string part = terminal_ || images >= images_
                                 ? ""
                                 : joined({"  ", std::to_string(images), "/", std::to_string(images_), " images"});
    return joined({"epoch ", std::to_string(epoch), "/", std::to_string(epochs_), part, "  loss ", fixed_text(loss, 4),
                   "  mIoU ", mean_iou >= 0 ? fixed_text(mean_iou, 3) : "  -  ", "  ",
                   is_known ? fixed_text(done / spent, 0) : "?", " images/s  ",
                   is_known ? clock_text(spent / done * left) : "?", " left"});
  }

  std::FILE* to_;
  bool terminal_;
  std::int64_t epochs_, images_;
  std::int64_t first_ = 0;  ///< images of all epochs that were done when counting began
  bool has_begun_ = false;
  clock::duration between_lines_;
  clock::time_point start_, last_, begin_;
  double last_iou_ = -1;
};

}  // namespace v0
}  // namespace tenon
