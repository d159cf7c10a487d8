// The writer under bad luck: folders in the way, a full disk, the watchdog's thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "benchmarks/micro/generate_document.hpp"
#include "harness/result/codec.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;
using result::RunWriter;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Writer : public ::testing::Test {
 protected:
  TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "run";
  const result::ResultDocument document = rich_document();
};

TEST_F(Writer, MakesItsFolderAndThoseAbove) {
  const auto deep = temporary.path() / "a" / "b";
  const RunWriter writer(deep, document);
  EXPECT_EQ(writer.folder(), deep);
  EXPECT_TRUE(fs::exists(deep / result::journal_name));
}

TEST_F(Writer, TakesAnEmptyFolder) {
  fs::create_directory(folder);
  EXPECT_NO_THROW(RunWriter(folder, document));
}

TEST_F(Writer, OverwritesNothing) {
  write_rich(folder);
  const auto before = slurp(folder / result::journal_name);
  EXPECT_THAT(refusal([&] { RunWriter(folder, document); }),
              AllOf(HasSubstr(folder.string()), HasSubstr("already exists"),
                    HasSubstr("choose another --out or remove it")));
  EXPECT_EQ(slurp(folder / result::journal_name), before);
}

TEST_F(Writer, TakesNoFileForAFolder) {
  spill(folder, "something");
  EXPECT_THAT(refusal([&] { RunWriter(folder, document); }), HasSubstr("already exists as a file"));
  EXPECT_THAT(refusal([&] { RunWriter(folder / "below", document); }),
              AllOf(HasSubstr("below"), HasSubstr("cannot be created")));
  EXPECT_EQ(slurp(folder), "something");
}

TEST_F(Writer, EveryCaseIsOnDiskBeforeTheNext) {
  RunWriter writer(folder, document);
  for (std::size_t i = 0; i < document.cases.size(); ++i) {
    EXPECT_TRUE(writer.append(document.cases[i]));
    EXPECT_EQ(writer.appended(), i + 1);
    const auto read = result::load_result(folder).document;
    EXPECT_EQ(read.cases.size(), i + 1);
    EXPECT_FALSE(read.run.complete);
  }
}

TEST_F(Writer, AfterTheEndNothingIsWritten) {
  RunWriter writer(folder, document);
  writer.append(document.cases[0]);
  EXPECT_TRUE(writer.finish({.complete = false, .reason = "interrupted", .ended = "now"}));
  const auto journal = slurp(folder / result::journal_name);
  EXPECT_FALSE(writer.append(document.cases[1]));
  EXPECT_FALSE(writer.finish(rich_ending()));
  EXPECT_EQ(slurp(folder / result::journal_name), journal);
  const auto read = result::load_result(folder).document;
  EXPECT_EQ(read.cases.size(), 1U);
  EXPECT_EQ(read.run.reason, "interrupted");
}

TEST_F(Writer, ARunWithoutCasesIsReadable) {
  RunWriter(folder, document).finish({.complete = false, .reason = "no rank came", .ended = ""});
  EXPECT_TRUE(result::load_result(folder).document.cases.empty());
}

TEST_F(Writer, TextThatIsNoUtf8StaysReadable) {
  auto odd = document;
  odd.run.command = "assay run \xff\xfe";
  RunWriter(folder, odd).finish({.complete = false, .ended = ""});
  EXPECT_THAT(result::load_result(folder).document.run.command, HasSubstr("assay run"));
}

TEST_F(Writer, AnUnknownLayoutIsADefect) {
  RunWriter writer(folder, document);
  auto c = document.cases[0];
  c.spec.layout = "nowhere";
  EXPECT_THROW(writer.append(c), InternalError);
}

/// Two threads: one appends as fast as it can, the other ends the run in the middle of it.
TEST_F(Writer, AnotherThreadMayEndTheRun) {
  const DocumentShape shape{.cases = 400, .world_iterations = 200};
  const auto header = generate_header(shape);
  RunWriter writer(folder, header);
  std::atomic<std::size_t> accepted{0};
  std::jthread measuring([&] {
    for (std::size_t i = 0; i < shape.cases; ++i)
      if (writer.append(generate_case(shape, header, i)))
        ++accepted;
      else
        break;
  });
  while (accepted < 3) std::this_thread::yield();
  EXPECT_TRUE(writer.finish({.complete = false, .reason = "rank 1 is missing", .ended = ""}));
  const auto journal = slurp(folder / result::journal_name);
  measuring.join();
  EXPECT_EQ(slurp(folder / result::journal_name), journal);
  EXPECT_EQ(result::load_result(folder).document.cases.size(), accepted);
  EXPECT_EQ(writer.appended(), accepted);
}

/// Runs `action` in a process whose files may not grow beyond `bytes`: the nearest thing to a full
/// disk that needs no privileges. Returns what it says.
template <typename Action>
std::string with_small_disk(rlim_t bytes, const fs::path& report, const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = "nothing was thrown";
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      action();
    } catch (const RunError& error) {
      said = std::string("RunError: ") + error.what();
    } catch (const std::exception& error) {
      said = error.what();
    }
    const rlimit lifted{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &lifted);
    spill(report, said);
    std::_Exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return slurp(report);
}

/// A disk that is full at any byte leaves a folder that can be read, with every case before.
TEST_F(Writer, AFullDiskLeavesWhatWasFinished) {
  const auto report = temporary.path() / "report";
  std::size_t refused = 0, cut_short = 0;
  for (rlim_t room = 200; room < 11000; room += 300) {
    fs::remove_all(folder);
    const auto said = with_small_disk(room, report, [&] {
      RunWriter writer(folder, document);
      for (const auto& c : document.cases) writer.append(c);
      writer.finish(rich_ending());
    });
    if (said == "nothing was thrown") {
      EXPECT_TRUE(result::load_result(folder).document.run.complete);
    } else if (!fs::exists(folder)) {
      EXPECT_THAT(said, HasSubstr("run.jsonl: cannot be written: file too large"));
      ++refused;
    } else {
      EXPECT_THAT(said, AllOf(HasSubstr("RunError: "), HasSubstr("cannot be written"),
                              HasSubstr("make room")));
      for (const auto& entry : fs::directory_iterator(folder))
        EXPECT_NE(entry.path().extension(), ".part");
      const auto journal = slurp(folder / result::journal_name);
      EXPECT_EQ(journal.back(), '\n');
      EXPECT_NO_THROW(result::load_result(folder)) << room;
      ++cut_short;
    }
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(cut_short, 5U);
}

/// The sidecar is taken back when the journal has no room for the line, and the run can go on.
TEST_F(Writer, AFailedAppendLeavesNoTrace) {
  const auto said = with_small_disk(RLIM_INFINITY, temporary.path() / "report", [&] {
    RunWriter writer(folder, document);
    writer.append(document.cases[0]);
    const auto sidecar = fs::file_size(folder / result::sidecar_name);
    const auto journal = fs::file_size(folder / result::journal_name);
    const auto& third = document.cases[2];  // 804 bytes of samples, and a line that does not fit
    const rlimit limit{journal + 100, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::string failure;
    try {
      writer.append(third);
    } catch (const RunError& error) {
      failure = error.what();
    }
    const rlimit lifted{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &lifted);
    if (failure.find("run.jsonl") == std::string::npos) throw std::runtime_error("no failure");
    if (fs::file_size(folder / result::sidecar_name) != sidecar ||
        fs::file_size(folder / result::journal_name) != journal || writer.appended() != 1)
      throw std::runtime_error("traces were left");
    for (std::size_t i = 1; i < document.cases.size(); ++i) writer.append(document.cases[i]);
    writer.finish(rich_ending());
  });
  EXPECT_EQ(said, "nothing was thrown");
  EXPECT_EQ(result::load_result(folder).document.cases.size(), document.cases.size());
}

/// /dev/full is a disk without room: here for result.json alone, by way of its temporary name.
TEST_F(Writer, NoRoomForResultJsonSaysSoAndCanBeTriedAgain) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  RunWriter writer(folder, document);
  for (const auto& c : document.cases) writer.append(c);
  fs::create_symlink("/dev/full", folder / "result.json.part");
  try {
    writer.finish(rich_ending());
    FAIL() << "nothing was thrown";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("result.json: cannot be written"),
                                    HasSubstr("no space left on device")));
  }
  EXPECT_FALSE(fs::exists(folder / result::result_name));
  EXPECT_TRUE(result::load_result(folder).document.run.complete);  // the journal is whole
  EXPECT_TRUE(writer.finish(rich_ending()));
  EXPECT_EQ(result::load_result(folder).document.cases.size(), document.cases.size());
}

/// About a second is left after a launcher has signalled.
TEST_F(Writer, EndsQuickly) {
  const DocumentShape shape{.hosts = 64, .ranks_per_host = 8, .cases = 30};
  const auto header = generate_header(shape);
  RunWriter writer(folder, header);
  for (std::size_t i = 0; i < shape.cases; ++i) writer.append(generate_case(shape, header, i));
  const auto start = std::chrono::steady_clock::now();
  writer.finish({.complete = false, .reason = "SIGTERM", .ended = ""});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace assay::test
