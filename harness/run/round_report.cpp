// A rank's report of a round, as it travels to rank 0.
#include "harness/run/packer.hpp"
#include "harness/run/round.hpp"

namespace assay::run {

namespace {

void pack(Packer& out, const VerifyReport& report) {
  out.put(report.checked);
  out.put(report.wrong);
  out.put(report.method);
  out.put(std::uint8_t{report.first.has_value()});
  if (!report.first) return;
  const auto& first = *report.first;
  out.put(first.rank);
  out.put(first.host);
  out.put(first.buffer);
  out.put(first.offset);
  out.put(first.expected);
  out.put(first.actual);
}

VerifyReport unpack_verify(Unpacker& in) {
  VerifyReport report;
  report.checked = in.get<std::uint64_t>();
  report.wrong = in.get<std::uint64_t>();
  report.method = in.text();
  if (in.get<std::uint8_t>() == 0) return report;
  auto& first = report.first.emplace();
  first.rank = in.get<int>();
  first.host = in.text();
  first.buffer = in.text();
  first.offset = in.get<std::uint64_t>();
  first.expected = in.text();
  first.actual = in.text();
  return report;
}

void pack(Packer& out, const RoundReport& report) {
  out.put(report.member);
  out.put(report.leader);
  out.put(std::uint64_t{report.group});
  out.put(report.rank_in_group);
  for (const float value :
       {report.rank_min, report.rank_p50, report.rank_p99, report.rank_max, report.rank_mean})
    out.put(value);
  out.put(report.harvested);
  pack(out, report.before);
  pack(out, report.after);
  if (!report.leader) return;
  out.put(report.warm_up);
  out.put(report.pilot);
  out.put(report.in_turn);
  out.put(report.without);
  for (const auto* values :
       {&report.timed, &report.t_span, &report.t_transfer, &report.last_arriver, &report.late})
    out.put(*values);
  for (const auto* reason :
       {&report.why_absent.t_span, &report.why_absent.t_transfer, &report.why_absent.last})
    out.put(*reason);
  out.put(report.gates_expired);
  out.put(report.work.amount);
  out.put(report.work.absent);
  out.put(report.launch.path);
  out.put(report.launch.reduction);
  out.put(report.notes);
}

RoundReport unpack_report(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  const auto text = [](Unpacker& from) { return from.text(); };
  RoundReport report;
  report.member = in.get<bool>();
  report.leader = in.get<bool>();
  report.group = in.get<std::uint64_t>();
  report.rank_in_group = in.get<int>();
  for (float* value :
       {&report.rank_min, &report.rank_p50, &report.rank_p99, &report.rank_max, &report.rank_mean})
    *value = in.get<float>();
  report.harvested =
      in.map<decltype(report.harvested)>([](Unpacker& from) { return from.get<float>(); });
  report.before = unpack_verify(in);
  report.after = unpack_verify(in);
  if (!report.leader) return report;
  report.warm_up = in.floats();
  report.pilot = in.floats();
  report.in_turn = in.map<decltype(report.in_turn)>([](Unpacker& from) { return from.floats(); });
  report.without = in.map<decltype(report.without)>(text);
  for (auto* values :
       {&report.timed, &report.t_span, &report.t_transfer, &report.last_arriver, &report.late})
    *values = in.floats();
  for (auto* reason :
       {&report.why_absent.t_span, &report.why_absent.t_transfer, &report.why_absent.last})
    *reason = in.text();
  report.gates_expired = in.get<std::int64_t>();
  report.work.amount =
      in.map<decltype(report.work.amount)>([](Unpacker& from) { return from.get<double>(); });
  report.work.absent = in.map<decltype(report.work.absent)>(text);
  report.launch.path = in.text();
  report.launch.reduction = in.text();
  report.notes = in.map<decltype(report.notes)>(text);
  return report;
}

}  // namespace

RoundSummary Round::collect(const TimedPlan& plan, stats::Settling settling) {
  note_gates();
  if (report_.leader) {
    report_.work = prepared_->work();
    report_.launch = prepared_->launch_info();
    report_.notes.merge(prepared_->notes());
    report_.notes.merge(start_notes());
    report_arrivals();
  }
  finish_harvest();
  RoundSummary summary;
  Packer packer;
  pack(packer, report_);
  for (const auto& bytes : rig_.world.gather(packer.bytes(), 0))
    summary.reports.push_back(unpack_report(bytes));
  summary.block_length = plan.block_length;
  summary.blocks_dropped = plan.blocks_dropped;
  summary.settling = settling;
  return summary;
}

}  // namespace assay::run
