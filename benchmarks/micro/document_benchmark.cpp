// How long a large result takes to read and to judge, and how much memory that needs.
//
//   document_benchmark [hosts] [ranks per host] [cases]      (1024 8 200)
//
// Not a Google Benchmark: one cold pass over 140 MB is what `assay judge` does, and the peak of
// resident memory is that of the whole process.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "benchmarks/micro/generate_document.hpp"
#include "harness/contract/judge.hpp"
#include "harness/result/codec.hpp"

namespace {

namespace fs = std::filesystem;
using namespace assay;

constexpr const char* contract_text = R"({
  "format": "assay.contract", "schema_version": "0.1.0", "name": "generated",
  "clauses": [
    {"id": "world", "of": {"benchmark": "all_reduce", "layout": "world"},
     "metric": "time", "q": 0.5, "at_most": "1 s"},
    {"id": "node", "of": {"benchmark": "all_reduce", "layout": "node"},
     "metric": "busbw", "q": 0.5, "at_least": "1 B/s"},
    {"id": "each", "of": {"benchmark": "copy", "layout": "each"},
     "metric": "bandwidth", "q": 0.5, "at_least": "1 B/s"}]})";

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

/// In a process of its own: what writing needs must not count as memory of reading.
void write_apart(const test::DocumentShape& shape, const fs::path& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    test::write_document(shape, folder);
    std::_Exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void load_and_judge(const fs::path& folder) {
  const Stopwatch loading;
  const auto loaded = result::load_result(folder);
  fmt::print("load          {:8.2f} s    peak {:4.0f} MB\n", loading.seconds(), peak_megabytes());
  const Stopwatch judging;
  const auto contract = contract::parse_contract(contract_text, "generated");
  const auto verdict = contract::judge(contract, loaded.document);
  fmt::print("judge         {:8.2f} s    peak {:4.0f} MB    {} clauses: {}\n", judging.seconds(),
             peak_megabytes(), contract.clauses.size(), contract::name(verdict.outcome));
  fmt::print("load + judge  {:8.2f} s\n", loading.seconds());
}

}  // namespace

int main(int argc, char** argv) {
  test::DocumentShape shape{.hosts = 1024, .ranks_per_host = 8, .cases = 200};
  if (argc > 1) shape.hosts = std::atoi(argv[1]);
  if (argc > 2) shape.ranks_per_host = std::atoi(argv[2]);
  if (argc > 3) shape.cases = static_cast<std::size_t>(std::atoi(argv[3]));

  const auto folder =
      fs::temp_directory_path() / fmt::format("assay-document-{}", static_cast<int>(::getpid()));
  int code = 0;
  try {
    write_apart(shape, folder);
    fmt::print("{} hosts x {} ranks x {} cases\n", shape.hosts, shape.ranks_per_host, shape.cases);
    for (const char* name : {result::result_name, result::journal_name, result::sidecar_name})
      fmt::print("{:<12}  {:8.2f} MB\n", name,
                 static_cast<double>(fs::file_size(folder / name)) / 1e6);
    load_and_judge(folder);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    code = 1;
  }
  fs::remove_all(folder);
  return code;
}
