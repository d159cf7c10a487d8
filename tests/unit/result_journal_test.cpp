// A killed run: its journal ends anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/result/codec.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;
using result::journal_name;
using result::load_result;
using result::sidecar_name;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Killed : public ::testing::Test {
 protected:
  void SetUp() override {
    write_rich(folder);
    fs::remove(folder / result::result_name);
    fs::remove(folder / result::manifest_name);
    text = slurp(folder / journal_name);
  }
  /// Bytes of the first `n` lines.
  std::size_t end_of_line(std::size_t n) const {
    std::size_t at = 0;
    for (; n > 0; --n) at = text.find('\n', at) + 1;
    return at;
  }
  TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "run";
  std::string text;
};

/// A header, one case and a footer, cut at every byte.
TEST_F(Killed, AtEveryByteItIsIncompleteOrASentence) {
  const auto document = rich_document();
  const auto small = temporary.path() / "small";
  {
    result::RunWriter writer(small, document);
    writer.append(document.cases[1]);
    writer.finish({.complete = false, .reason = "SIGTERM", .ended = ""});
  }
  fs::remove(small / result::result_name);
  fs::remove(small / result::manifest_name);
  const auto journal = slurp(small / journal_name);
  for (auto size = journal.size() - 1; size > 0; --size) {
    fs::resize_file(small / journal_name, size);
    const auto end = journal.begin() + static_cast<std::ptrdiff_t>(size);
    const auto lines = static_cast<std::size_t>(std::count(journal.begin(), end, '\n'));
    if (lines == 0) {
      ASSERT_THAT(refusal([&] { load_result(small); }), HasSubstr("no complete header line"));
      continue;
    }
    const auto read = load_result(small).document;
    ASSERT_FALSE(read.run.complete);
    ASSERT_THAT(read.run.reason, HasSubstr("no footer"));
    ASSERT_EQ(read.cases.size(), lines - 1) << size;
  }
}

TEST_F(Killed, AtEveryByteOfTheSidecar) {
  fs::resize_file(folder / journal_name, end_of_line(2));  // header and c001, of 372 bytes
  const auto samples = slurp(folder / sidecar_name);
  for (std::size_t size = 0; size < samples.size(); size += 31) {
    spill(folder / sidecar_name, samples.substr(0, size));
    if (size >= 372)
      EXPECT_EQ(load_result(folder).document.cases.size(), 1U) << size;
    else
      EXPECT_THAT(refusal([&] { load_result(folder); }), HasSubstr("c001")) << size;
  }
}

TEST_F(Killed, BeforeTheFirstCaseItHasNone) {
  fs::resize_file(folder / journal_name, end_of_line(1));
  const auto read = load_result(folder / journal_name).document;
  EXPECT_TRUE(read.cases.empty());
  EXPECT_EQ(read.plan.cases, 5U);
  EXPECT_EQ(read.run.ended, "");
}

TEST_F(Killed, ALineInTheMiddleThatIsNoJsonIsNamed) {
  auto broken = text;
  broken[end_of_line(2) + 5] = '\x01';
  spill(folder / journal_name, broken);
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("run.jsonl: line 3: line 1, column"));
}

TEST_F(Killed, ALineCannotBringFurtherCasesAlong) {
  spill(folder / journal_name, text.substr(0, end_of_line(1)) + "{}],\"cases\":[{}\n");
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("run.jsonl: line 2: line 1, column"));
}

TEST_F(Killed, LinesAfterTheFooterAreNamed) {
  spill(folder / journal_name, text + "{}\n");
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("line 8: a line follows the footer"));
}

TEST_F(Killed, AFooterMustBeOne) {
  const auto cases = text.substr(0, end_of_line(6));
  spill(folder / journal_name, cases + "{\"footer\":true,\"complete\":true}\n");
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("run.jsonl: line 7: ended: the key is missing"));
  spill(folder / journal_name,
        cases + "{\"footer\":true,\"complete\":true,\"ended\":\"\",\"warnings\":[],\"more\":1}\n");
  EXPECT_THAT(refusal([&] { load_result(folder); }), HasSubstr("line 7: more: unknown key"));
}

TEST_F(Killed, ACompleteFooterOverFewerCasesIsRefused) {
  spill(folder / journal_name, text.substr(0, end_of_line(5)) + text.substr(end_of_line(6)));
  EXPECT_THAT(refusal([&] { load_result(folder); }), HasSubstr("case c005 is missing: 4 of 5"));
}

TEST_F(Killed, AnotherFileIsNoJournal) {
  spill(folder / journal_name, "{\"format\":\"assay.suite\"}\n");
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              AllOf(HasSubstr("run.jsonl: line 1: format"), HasSubstr("assay.journal")));
}

}  // namespace
}  // namespace assay::test
