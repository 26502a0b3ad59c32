// SPDX-License-Identifier: Apache-2.0
// What a capture costs: per event on the event thread (a read and a delivery of 220 bytes), and per byte on the writer's.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "observe/capture_desk.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

double cpu_of_thread() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double cpu_of_process() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure(CaptureMode mode, int events_each, const char* what) {
  const std::string folder = std::filesystem::temp_directory_path() / "siltgate-capture-cost";
  std::filesystem::remove_all(folder);
  constexpr int exchanges = 200;
  const std::string event = "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{\"content\":\"basic words\"}}]}" + std::string(145, ' ') + "\n\n";
  double mine = 0, all = 0;
  std::uint64_t lost = 0;
  {
    CaptureDesk desk;
    CaptureConfig config;
    config.mode = mode;
    desk.configure(config, folder, {"a-secret-of-the-configuration"}, [](bool, const std::string& said) { std::puts(said.c_str()); });
    const double before = cpu_of_thread(), before_all = cpu_of_process();
    for (int i = 0; i < exchanges; ++i) {
      ExchangeRecord record;
      record.id = "sg_abcdefgh" + std::string(1, static_cast<char>('a' + i / 26)) + std::string(1, static_cast<char>('a' + i % 26));
      record.verdict.blame = Blame::intact;
      Recording recording = desk.begin(record, {"sk-a-key-of-the-client-0123456789"});
      recording.request(record, "POST /v1/chat/completions\r\nHost: x\r\n", "https://x/v1/chat/completions", "{}");
      recording.attempt(1);
      for (int e = 0; e < events_each; ++e) {
        recording.read(event, {static_cast<std::uint32_t>(event.size())}, Clock::now());
        recording.delivered({}, event, Clock::now());
      }
      desk.finish(std::move(recording), record);
    }
    mine = cpu_of_thread() - before;
    while (desk.status().bytes == 0 && mode == CaptureMode::all) {}
    lost = desk.status().lost;
    desk = CaptureDesk{};
    all = cpu_of_process() - before_all;
  }
  const double events = exchanges * static_cast<double>(events_each);
  std::printf("%-40s event thread %6.0f ns per event, writer %6.0f ns per event, %llu lost\n", what, mine / events * 1e9, (all - mine) / events * 1e9,
              static_cast<unsigned long long>(lost));
  std::filesystem::remove_all(folder);
}

}  // namespace

int main() {
  measure(CaptureMode::off, 200, "off");
  measure(CaptureMode::rejected, 200, "rejected, sound, in memory");
  measure(CaptureMode::rejected, 2000, "rejected, sound, parts written and deleted");
  measure(CaptureMode::all, 200, "all");
  measure(CaptureMode::all, 2000, "all, long");
}
