// SPDX-License-Identifier: Apache-2.0
// The memory report as JSON and as a page: what is written is well-formed, refers to nothing, and has every name
// escaped.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/json.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/report/memory_report.hpp"

namespace {

using tenon::memory_report;
using input = tenon::image<2, 3, 32, 48>;
using training = tenon::plan_of<tenon::models::unet<3, 4>, input, tenon::cross_entropy<>, tenon::sgd<>>;
using inference = tenon::plan_of<tenon::models::unet<3, 4>, input>;

constexpr std::string_view hostile = "</title></svg><script>alert(\"1\")</script>&amp;' \x01\xff\xc3\xa9";

// A report whose every name is hostile, with a sweep.
memory_report hostile_report() {
  const std::string name(hostile);
  memory_report report = tenon::report_memory<training>({.title = name, .parts = {{name, {"inc"}}, {"rest", {"ups"}}}});
  for (tenon::reported_step& step : report.steps) step.scope = step.operation = name;
  for (tenon::reported_tensor& tensor : report.tensors) tensor.scope = tensor.operation = tensor.what = name;
  for (tenon::part_figures& scope : report.scopes) scope.name = name;
  report.sweep = {{0, 3 << 20, 0, 0, ""}, {2 << 20, 2 << 20, 7, 1.5, name}, {1 << 20, 1 << 20, 9, 30, "3k2r"}};
  return report;
}

// What is wrong with a text as XML, without namespaces, instructions and comments; empty: nothing.
std::string problem_of(std::string_view text) {
  std::vector<std::string> open;
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ':';
  };
  const auto check_text = [](std::string_view part) -> std::string {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (static_cast<unsigned char>(part[i]) < 0x20 && part[i] != '\n') return "a control character";
      if (part[i] == '<' || (part[i] == '>')) return "a bracket in text: " + std::string(part);
      if (part[i] != '&') continue;
      const std::string_view entity = part.substr(i, part.find(';', i) + 1 - i);
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;" && entity != "&#39;")
        return "an entity: " + std::string(entity.substr(0, 20));
    }
    return {};
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t tag = std::min(text.find('<', at), text.size());
    if (const std::string problem = check_text(text.substr(at, tag - at)); !problem.empty()) return problem;
    if (tag == text.size()) break;
    std::size_t i = tag + 1;
    const bool closes = text[i] == '/';
    if (closes) ++i;
    const std::size_t begin = i;
    while (i < text.size() && is_name(text[i])) ++i;
    const std::string name(text.substr(begin, i - begin));
    if (name.empty()) return "a bracket without a name: " + std::string(text.substr(tag, 40));
    std::vector<std::string> attributes;
    while (i < text.size() && text[i] == ' ') {
      const std::size_t key = ++i;
      while (i < text.size() && is_name(text[i])) ++i;
      if (text.substr(i, 2) != "=\"") return "an attribute of " + name;
      attributes.emplace_back(text.substr(key, i - key));
      const std::size_t value = i + 2;
      i = text.find('"', value);
      if (i == std::string_view::npos) return "a value of " + name;
      if (const std::string problem = check_text(text.substr(value, i - value)); !problem.empty()) return problem;
      ++i;
    }
    std::sort(attributes.begin(), attributes.end());
    if (std::adjacent_find(attributes.begin(), attributes.end()) != attributes.end())
      return "an attribute twice: " + name;
    const bool is_empty = text.substr(i, 1) == "/";
    if (is_empty) ++i;
    if (text.substr(i, 1) != ">") return "the end of " + name + ": " + std::string(text.substr(i, 20));
    at = i + 1;
    if (closes) {
      if (open.empty() || open.back() != name) return "an end of " + name;
      open.pop_back();
    } else if (!is_empty) {
      open.push_back(name);
    }
  }
  return open.empty() ? std::string() : "no end of " + open.back();
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void check_page(const std::string& page) {
  static constexpr std::string_view head = "<!DOCTYPE html>\n";
  REQUIRE(page.starts_with(head));
  CHECK(problem_of(std::string_view(page).substr(head.size())).empty());
  CHECK(tenon::detail::is_utf8(page));
  // Nothing but the namespace is an address, and nothing is fetched or run.
  CHECK(count_of(page, "http") == count_of(page, "xmlns=\"http://www.w3.org/2000/svg\""));
  for (const std::string_view each : {"<script", "<link", "<img", "<iframe", "src=", "href=", "@import", " on"}) {
    INFO(each);
    CHECK(count_of(page, each) == (each == " on" ? count_of(page, " on ") + count_of(page, " one") : 0));
  }
  CHECK(count_of(page, "url(") == count_of(page, "url(#stripes"));
}

std::int64_t number_of(const tenon::detail::json_value& object, std::string_view name) {
  const tenon::detail::json_value* const found = object.find(name);
  REQUIRE(found != nullptr);
  return std::stoll(found->text);
}

}  // namespace

TEST_CASE("the checker of pages sees what is wrong") {
  CHECK(problem_of("<a b=\"c\">d &amp; e<f/></a>\n").empty());
  for (const std::string_view wrong : {"<a>", "</a>", "<a></b>", "<a b=c></a>", "<a b=\"1\" b=\"2\"/>", "a & b", "&x;",
                                       "a < b", "a > b", "<a\x01/>"}) {
    INFO(wrong);
    CHECK_FALSE(problem_of(wrong).empty());
  }
}

TEST_CASE("a memory report's page is well-formed and refers to nothing") {
  const std::string page = tenon::report_memory<training>({.title = "U-Net"}).html();
  check_page(page);
  CHECK(count_of(page, "<svg ") == 2);
  for (const std::string_view each :
       {"naive", "lower bound", "address in the arena, MiB", "time: steps", "peak: ", "backward", "ups.3"})
    CHECK(page.find(each) != std::string::npos);
  CHECK(page.find("Memory against added work") == std::string::npos);
  const std::string other = tenon::report_memory<inference>().html();
  check_page(other);
  CHECK(other.find("backward") == std::string::npos);
}

TEST_CASE("a memory report's page shows a sweep") {
  memory_report report = tenon::report_memory<training>();
  report.sweep = {{0, 3 << 20, 0, 0, ""}, {2 << 20, 2 << 20, 7, 1.5, "4k"}, {1 << 20, 1 << 20, 9, 30, "3k2r"}};
  const std::string page = report.html();
  check_page(page);
  CHECK(count_of(page, "<svg ") == 3);
  CHECK(count_of(page, "<circle ") == 4);
  CHECK(page.find("2.0 MiB, 1.5 %") != std::string::npos);
  CHECK(page.find("tenon::recompute&lt;&quot;3k2r&quot;&gt;") != std::string::npos);
  CHECK(tenon::sweep_svg(tenon::report_memory<training>()).empty());
}

TEST_CASE("hostile names are escaped") {
  CHECK(tenon::detail::escaped(hostile) ==
        "&lt;/title&gt;&lt;/svg&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39; ??\xc3\xa9");
  const memory_report report = hostile_report();
  check_page(report.html());
  const std::string json = report.json();
  const tenon::detail::json_value read = tenon::detail::json_reader("report", "JSON", json).read();
  CHECK(read.find("title")->text == "</title></svg><script>alert(\"1\")</script>&amp;' ??\xc3\xa9");
}

TEST_CASE("texts are made valid character by character") {
  using tenon::detail::valid_text, tenon::detail::shortened;
  CHECK(valid_text("a\xe2\x82\xac\xf0\x9f\x98\x80") == "a\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(valid_text("\xe2\x82") == "??");            // cut off
  CHECK(valid_text("\xc0\x80") == "??");            // overlong
  CHECK(valid_text("\xed\xa0\x80") == "???");       // half of a surrogate pair
  CHECK(valid_text("\xf4\x90\x80\x80") == "????");  // beyond Unicode
  CHECK(shortened("backbone", 8) == "backbone");
  CHECK(shortened("backbone", 4) == "back\xe2\x80\xa6");
  CHECK(shortened("\xc3\xa9\xc3\xa9\xc3\xa9", 2) == "\xc3\xa9\xc3\xa9\xe2\x80\xa6");
}

TEST_CASE("a memory report's JSON has its figures") {
  const memory_report report = tenon::report_memory<training>({.title = "U-Net"});
  const std::string text = report.json();
  const tenon::detail::json_value read = tenon::detail::json_reader("report", "JSON", text).read();
  CHECK(number_of(read, "naive_bytes") == report.naive_bytes);
  CHECK(number_of(read, "arena_bytes") == training::arena_bytes);
  CHECK(number_of(read, "lower_bound_bytes") == training::lower_bound_bytes);
  CHECK(number_of(read, "peak_step") == report.peak_step + 1);
  REQUIRE(read.find("tensors")->elements.size() == report.tensors.size());
  CHECK(read.find("steps")->elements.size() == report.steps.size());
  std::size_t i = 0;
  for (const tenon::detail::json_value& tensor : read.find("tensors")->elements) {
    CHECK(tensor.find("name")->text == report.tensors[i].name());
    CHECK(number_of(tensor, "offset") == report.tensors[i].offset);
    CHECK(number_of(tensor, "first_step") == report.tensors[i].first + 1);
    ++i;
  }
  double percent = 0;
  for (const tenon::detail::json_value& part : read.find("parts")->elements)
    percent += std::stod(part.find("peak_percent")->text);
  CHECK(percent == Approx(100));
}

TEST_CASE("the rectangles of a page lie within its picture") {
  const memory_report report = tenon::report_memory<training>();
  const tenon::detail::timeline_frame frame(report, report.arena_bytes, 720);
  const std::string picture = tenon::timeline_svg(report);
  std::size_t count = 0;
  for (std::size_t at = picture.find("<rect "); at != std::string::npos; at = picture.find("<rect ", at + 1)) {
    const auto number = [&](std::string_view name) {
      const std::size_t begin = picture.find(" " + std::string(name) + "=\"", at) + name.size() + 3;
      return std::stod(picture.substr(begin, picture.find('"', begin) - begin));
    };
    ++count;
    if (picture.find("<title>", at) != picture.find('>', at) + 1) continue;  // not a tensor
    CHECK(number("x") >= frame.left - 0.1);
    CHECK(number("x") + number("width") <= frame.width - frame.right + 0.1);
    CHECK(number("y") >= frame.top - 0.1);
    CHECK(number("y") + number("height") <= frame.top + 720 + 0.5);
  }
  CHECK(count > 40);
}

TEST_CASE("marks of an axis are round") {
  using tenon::detail::axis_step, tenon::detail::mark_text;
  CHECK(axis_step(6600, 7) == Approx(1000));
  CHECK(axis_step(23, 8) == Approx(2));
  CHECK(axis_step(0.3, 7) == Approx(0.05));
  CHECK(axis_step(0, 7) == 1);
  CHECK(mark_text(12000, 1000) == "12,000");
  CHECK(mark_text(0.15, 0.05) == "0.15");
  CHECK(mark_text(1234567, 1) == "1,234,567");
}
