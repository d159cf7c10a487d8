#include "tests/fakes/nccl/state.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/fakes/text.hpp"

namespace assay::fakes::nccl {
namespace {

ncclResult_t code_from(const std::string& text) {
  return static_cast<ncclResult_t>(std::stoi(text));
}

bool read_more(Trouble& trouble, const Setting& setting) {
  const auto& [key, value] = setting;
  if (key == "ranks")
    for (const auto& rank : split(value, '+')) trouble.ranks.push_back(std::stoi(rank));
  else if (key == "error")
    trouble.error = code_from(value);
  else if (key == "async")
    trouble.async = code_from(value);
  else if (key == "hang")
    trouble.hang = true;
  else
    return false;
  return true;
}

bool here(const Trouble& trouble) {
  const auto& ranks = trouble.ranks;
  return ranks.empty() || std::find(ranks.begin(), ranks.end(), launcher_rank()) != ranks.end();
}

void read_environment(State& state) {
  state.troubles = troubles_from<Trouble>("ASSAY_FAKE_NCCL", read_more);
}

}  // namespace

void Core::fail(ncclResult_t code) {
  auto well = ncclSuccess;
  async.compare_exchange_strong(well, code);
  wire.fail();
}

State& state() {
  static State the_state;
  static const bool ready = (read_environment(the_state), true);
  (void)ready;
  return the_state;
}

Trouble enter(const char* call) {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  const int number = s.calls[call]++;
  Trouble now;
  for (const auto& trouble : s.troubles)
    if (trouble.call == call && here(trouble) && number >= trouble.after) now = trouble;
  return now;
}

void log(const std::string& event) {
  const char* path = std::getenv("ASSAY_FAKE_NCCL_LOG");
  if (path == nullptr) return;
  // In one piece: all ranks write to it.
  std::ofstream(path, std::ios::app) << std::to_string(launcher_rank()) + " " + event + "\n";
}

ncclResult_t told(ncclResult_t code, const std::string& why) {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  if (code != ncclSuccess) s.last_error = why;
  return code;
}

void reset() {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  s.troubles.clear();
  s.calls.clear();
  s.last_error.clear();
  s.made = {};
  read_environment(s);
}

void plan(const Trouble& trouble) {
  const std::lock_guard lock(state().mutex);
  auto planned = trouble;
  planned.after += state().calls[trouble.call];  // from now on
  state().troubles.push_back(planned);
}

Leaks leaks() {
  const std::lock_guard lock(state().mutex);
  return state().made;
}

}  // namespace assay::fakes::nccl
