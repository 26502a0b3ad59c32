// SPDX-License-Identifier: Apache-2.0
// The long parts of the help: examples, environment, exit codes. Text only.
#pragma once

namespace siltgate::cli {

extern const char* const manual_intro;
extern const char* const manual_end;
extern const char* const manual_run;
extern const char* const manual_check;
extern const char* const manual_config;
extern const char* const manual_status;
extern const char* const manual_reload;
extern const char* const manual_stop;
extern const char* const manual_log;
extern const char* const manual_why;
extern const char* const manual_show;
extern const char* const manual_export;
extern const char* const manual_replay;
extern const char* const manual_doctor;
extern const char* const manual_setup;
extern const char* const manual_service;
extern const char* const manual_selftest;
extern const char* const manual_completion;

}  // namespace siltgate::cli
