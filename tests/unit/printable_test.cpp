#include "harness/core/printable.hpp"

#include <gmock/gmock.h>

#include "harness/core/error.hpp"

namespace assay {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  for (const char* text : {"", "host n1", "größe ≥ 2 µs …", "\u00a0", "\U0001F600", "\\u001b"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, WritesControlCharactersOut) {
  EXPECT_EQ(printable("a\nb\t\x7f"), "a\\u000ab\\u0009\\u007f");
  EXPECT_EQ(printable("\x1b[2J"), "\\u001b[2J");
  EXPECT_EQ(printable("\u009b2J"), "\\u009b2J");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\u0000");
}

TEST(Printable, ReplacesWhatIsNoUtf8) {
  for (const char* text : {"\xff", "\x80", "\xc2", "\xc1", "\xf5"})
    EXPECT_EQ(printable(text), "\uFFFD");
  EXPECT_EQ(printable("\xc0\xaf"), "\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\uFFFD\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "beyond U+10FFFF";
  EXPECT_EQ(printable("\xe2\x80"), "\uFFFD\uFFFD") << "cut";
}

TEST(Printable, HoldsForEveryError) {
  const UsageError error({"lease.json: a\nb", "\"\x1b[31m\" is unknown", "\xff"});
  EXPECT_STREQ(error.what(), "lease.json: a\\u000ab: \"\\u001b[31m\" is unknown; \uFFFD");
}

}  // namespace
}  // namespace assay
