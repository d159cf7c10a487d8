#include "harness/schedule/training/rank.hpp"

namespace assay::training {
namespace {

std::uint64_t whole(int number) { return static_cast<std::uint64_t>(number); }

/// A shape per group that has rows.
template <typename Shape>
std::vector<step::GemmShape> shapes(const Rows& rows, const Shape& shape) {
  std::vector<step::GemmShape> found;
  for (const auto count : rows)
    if (count > 0) found.push_back(shape(count));
  return found;
}

}  // namespace

Rank::Rank(const Model& the_model, const Layout& the_layout, const Frame& the_frame)
    : model(the_model),
      layout(the_layout),
      frame(the_frame),
      build(the_frame.job.streams.size()),
      parameters(build, the_layout, the_frame),
      tp(the_layout.tp),
      positions(the_layout.sequence / whole(the_layout.cp)),
      tokens(the_layout.micro_batch * positions),
      own_tokens(the_layout.sequence_parallel ? tokens / whole(tp) : tokens) {}

Slice Rank::keep(Kept& kept, std::uint64_t count) {
  kept.push_back(build.take("activations", layout.types.activations, count));
  return kept.back();
}

Slice Rank::temporary(std::uint64_t count) {
  return build.take("workspace", layout.types.activations, count);
}

void Rank::drop(Kept& kept) {
  for (const auto& slice : kept) drop(slice);
  kept.clear();
}

void Rank::element_wise(const std::string& name, std::uint64_t elements,
                        std::vector<step::Use> uses) {
  build.add(frame.compute, {name, step::ElementWise{elements * size_of(layout.types.activations)}},
            std::move(uses));
}

void Rank::communicate(const Channel& channel, const std::string& name, const step::Collect& call,
                       std::vector<step::Use> uses) {
  build.add(channel.stream, {name, call}, std::move(uses));
}

Slice Rank::gathered(const std::string& name, const Slice& own) {
  if (!layout.sequence_parallel) return own;
  const auto full = temporary(own.count * whole(tp));
  communicate(frame.tp, name,
              {Collective::all_gather, frame.tp.group, own.count, layout.types.activations},
              {step::read(own), step::write(full)});
  return full;
}

void Rank::drop_gathered(const Slice& own, const Slice& full) {
  if (own.buffer != full.buffer) drop(full);
}

Slice Rank::reduced(const std::string& name, const Slice& partial) {
  if (tp == 1) return partial;
  const auto type = layout.types.activations;
  if (!layout.sequence_parallel) {
    communicate(frame.tp, name, {Collective::all_reduce, frame.tp.group, partial.count, type},
                {step::update(partial)});
    return partial;
  }
  const auto own = temporary(partial.count / whole(tp));
  communicate(frame.tp, name, {Collective::reduce_scatter, frame.tp.group, own.count, type},
              {step::read(partial), step::write(own)});
  drop(partial);
  return own;
}

std::size_t Rank::norm_parameter(std::uint64_t width) {
  return parameters.declare({width, Parameters::Kind::replicated});
}

void Rank::norm(std::size_t parameter, const Slice& from, const Slice& to) {
  element_wise("norm", 2 * from.count,
               {step::read(from), step::read(parameters.weight(parameter)), step::write(to)});
}

void Rank::norm_backward(std::size_t parameter, const Slice& input, const Slice& gradient,
                         const Slice& into) {
  element_wise("norm backward", 4 * input.count,
               {step::read(input), step::read(gradient), step::read(parameters.weight(parameter)),
                step::update(into), parameters.gradient(parameter)});
  parameters.computed(parameter, last_micro_batch);
}

step::Work Rank::gemm(const std::string& name, const std::vector<step::GemmShape>& shapes) const {
  return {name, step::Gemm{shapes, layout.types.gemm, layout.types.activations}};
}

void Rank::forward(const Product& product) {
  const auto& [linear, rows, input, output, accumulate] = product;
  build.add(
      frame.compute,
      gemm(linear.name, shapes(rows,
                               [&](std::uint64_t m) {
                                 return step::GemmShape{m, linear.out, linear.in};
                               })),
      {step::read(input), step::read(parameters.weight(linear.parameter)), step::write(output)});
}

void Rank::input_gradient(const Product& product) {
  const auto& [linear, rows, input, output, accumulate] = product;
  auto work = gemm(linear.name + " dgrad", shapes(rows, [&](std::uint64_t m) {
                     return step::GemmShape{m, linear.in, linear.out};
                   }));
  std::get<step::Gemm>(work.what).accumulate = accumulate;
  build.add(frame.compute, work,
            {step::read(output), step::read(parameters.weight(linear.parameter)),
             accumulate ? step::update(input) : step::write(input)});
}

void Rank::weight_gradient(const Product& product) {
  const auto& [linear, rows, input, output, accumulate] = product;
  const auto gradient = parameters.gradient(linear.parameter);
  auto work = gemm(linear.name + " wgrad", shapes(rows, [&](std::uint64_t m) {
                     return step::GemmShape{linear.out, linear.in, m};
                   }));
  auto& what = std::get<step::Gemm>(work.what);
  what.output = layout.types.gradients;
  what.accumulate = gradient.access == step::Access::update;
  build.add(frame.compute, work, {step::read(input), step::read(output), gradient});
  parameters.computed(linear.parameter, last_micro_batch);
}

}  // namespace assay::training
