// SPDX-License-Identifier: Apache-2.0
// The automatic limit against a provider whose cap changes 1 -> 3 -> 2 and that also refuses 1 % of starts by chance.
// CSV on stdout (seconds, limit, true cap, refusals so far); with a file name, an SVG plot of it there.
#include <cstdio>
#include <fstream>
#include <string>

#include "auto_simulation.hpp"

using namespace siltgate::schedule;

namespace {

std::string plot(const simulation::Outcome& outcome) {
  const double width = 900, height = 300, left = 50, bottom = 40, most = 5;
  const auto x = [&](double s) { return std::to_string(left + s / outcome.seconds * (width - left - 10)); };
  const auto y = [&](double v) { return std::to_string(height - bottom - v / most * (height - bottom - 30)); };
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 300\" font-family=\"sans-serif\" font-size=\"12\">\n"
                    "<rect width=\"900\" height=\"300\" fill=\"white\"/>\n"
                    "<text x=\"50\" y=\"18\">concurrency: auto against a true cap of 1, 3, 2 and 1 % random refusals "
                    "(blue: limit, grey: true cap, red: refusals)</text>\n";
  for (int v = 0; v <= 5; ++v)
    svg += "<text x=\"30\" y=\"" + y(v) + "\">" + std::to_string(v) + "</text>\n<path d=\"M50 " + y(v) + "H890\" stroke=\"#eee\"/>\n";
  for (int s = 0; s < static_cast<int>(outcome.seconds); s += 500)
    svg += "<text x=\"" + x(s) + "\" y=\"285\">" + std::to_string(s) + " s</text>\n";
  std::string limit, cap, marks;
  int refusals = 0, last_limit = -1, last_cap = -1;
  for (const auto& p : outcome.points) {
    if (p.true_cap != last_cap) cap += (cap.empty() ? "M" + x(p.seconds) + " " : "H" + x(p.seconds) + "V") + y(last_cap = p.true_cap);
    if (p.cap != last_limit) limit += (limit.empty() ? "M" + x(p.seconds) + " " : "H" + x(p.seconds) + "V") + y(last_limit = p.cap);
    if (p.refusals != refusals) marks += "<circle r=\"3\" fill=\"#c33\" cx=\"" + x(p.seconds) + "\" cy=\"" + y(0.1) + "\"/>\n";
    refusals = p.refusals;
  }
  const std::string end = "H" + x(outcome.seconds);
  svg += "<path fill=\"none\" stroke=\"#999\" stroke-width=\"4\" d=\"" + cap + end + "\"/>\n";
  svg += "<path fill=\"none\" stroke=\"#26c\" stroke-width=\"2\" d=\"" + limit + end + "\"/>\n";
  return svg + marks + "</svg>\n";
}

}  // namespace

int main(int argc, char** argv) {
  simulation::Setting setting;
  setting.requests = 900;
  setting.true_cap = [](double s) { return s < 1500 ? 1 : s < 3000 ? 3 : 2; };
  setting.random_refusal = 0.01;
  const auto outcome = simulation::run(setting);
  std::puts("seconds,limit,true_cap,refusals");
  for (const auto& p : outcome.points) std::printf("%.3f,%d,%d,%d\n", p.seconds, p.cap, p.true_cap, p.refusals);
  if (argc > 1) std::ofstream(argv[1]) << plot(outcome);
}
