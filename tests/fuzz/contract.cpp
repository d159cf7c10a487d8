// Contracts: read, planned from, brought to a plan that is given, and judged on a document.
#include "harness/contract/contract.hpp"

#include "harness/core/error.hpp"
#include "tests/fuzz/judging.hpp"
#include "tests/fuzz/reader.hpp"
#include "tests/unit/catalogue.hpp"
#include "tests/unit/documents.hpp"

namespace assay::fuzz {
namespace {

result::ResultDocument measured() {
  auto document = test::document(2, 2);
  test::add(document, {});
  test::add(document, {.id = "c002", .layout = "node", .block_length = 0, .pilot = 30});
  test::add(document, test::copy_each()).spec.id = "c003";
  test::add(document, {.id = "c004", .benchmark = "noop", .values = test::steady(1e-7)});
  return document;
}

plan::Plan plan_of(const result::ResultDocument& document) {
  plan::Plan plan{.suite = "given", .layouts = document.layouts};
  for (const auto& c : document.cases) plan.cases.push_back(c.spec);
  return plan;
}

/// A refusal ends neither the program under test nor this one.
template <typename Action>
void attempt(const Action& action) {
  try {
    action();
  } catch (const UsageError& error) {
    require_readable(error.what(), Shape::line);
  }
}

}  // namespace

void read(std::string_view input) {
  static const auto catalogue = test::catalogue();
  static const auto document = measured();
  const auto contract = contract::parse_contract(input, "contract.json");
  attempt([&] {
    const auto suite = contract::needs(contract, catalogue, "contract.json");
    plan::make_plan(suite, catalogue, document.topology.topology(), 7);
  });
  attempt([&] {
    auto plan = plan_of(document);
    contract::prepare_plan(plan, contract, "contract.json");
  });
  judge_and_report(contract, document);
}

}  // namespace assay::fuzz
