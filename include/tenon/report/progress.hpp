// SPDX-License-Identifier: Apache-2.0
// A progress bar for training: epoch, loss, mean IoU, images a second, time left.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

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
/// elsewhere only the finished epochs are printed.
class progress {
 public:
  progress(std::int64_t epochs, std::int64_t images_an_epoch, std::FILE* to = stdout)
      : to_(to),
        terminal_(isatty(fileno(to)) != 0),
        epochs_(epochs),
        images_(images_an_epoch),
        start_(clock::now()),
        last_(start_) {}

  /// After each step: images done in this epoch, and the mean loss of the epoch so far.
  void step(std::int64_t epoch, std::int64_t images, double loss) {
    if (!terminal_) return;
    const auto now = clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    const auto filled = static_cast<int>(bar_width * images / images_);
    std::string bar(static_cast<std::size_t>(filled), '#');
    bar.resize(bar_width, '.');
    std::fprintf(to_, "\r[%s] %s\033[K", bar.c_str(), line(epoch, images, loss, last_iou_).c_str());
    std::fflush(to_);
  }

  /// After an epoch with its evaluation.
  void epoch_done(std::int64_t epoch, double loss, double mean_iou) {
    last_iou_ = mean_iou;
    if (terminal_) std::fputs("\r\033[K", to_);
    std::fprintf(to_, "%s\n", line(epoch, images_, loss, mean_iou).c_str());
    std::fflush(to_);
  }

  double seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr int bar_width = 20;

  std::string line(std::int64_t epoch, std::int64_t images, double loss, double mean_iou) const {
    const auto done = static_cast<double>((epoch - 1) * images_ + images), all = static_cast<double>(epochs_ * images_);
    const double spent = seconds();
    char text[160], iou[16] = "  -  ";
    if (mean_iou >= 0) std::snprintf(iou, sizeof(iou), "%.3f", mean_iou);
    std::snprintf(text, sizeof(text), "epoch %lld/%lld  loss %.4f  mIoU %s  %.0f images/s  %s left",
                  static_cast<long long>(epoch), static_cast<long long>(epochs_), loss, iou, done / spent,
                  clock_text(spent / done * (all - done)).c_str());
    return text;
  }

  std::FILE* to_;
  bool terminal_;
  std::int64_t epochs_, images_;
  clock::time_point start_, last_;
  double last_iou_ = -1;
};

}  // namespace v0
}  // namespace tenon
