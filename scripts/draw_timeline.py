#!/usr/bin/env python3
"""Draws a trace of assay (trace-<case>.json) as SVG: a band for each rank, a line for each stream.

usage: draw_timeline.py TRACE SVG

Standard library only. For more than a glance, open the trace itself in https://ui.perfetto.dev.
"""
import html
import json
import sys

COLOURS = {"compute": "#4477aa", "forward": "#88aacc", "backward": "#4477aa",
           "optimizer": "#223355", "dp": "#ee6677", "tp": "#ccbb44", "pp": "#228833", "cp": "#66ccee",
           "ep": "#aa3377", "world": "#999999"}
LEFT, RIGHT, TOP, LINE, GAP, WIDTH = 120, 20, 30, 18, 12, 900
LEAST = 0.3  # pixels: shorter gaps cannot be seen


def read(path):
    """Names of processes and threads, and the events of each thread in order."""
    names, threads = {}, {}
    with open(path, encoding="utf-8") as file:
        for event in json.load(file)["traceEvents"]:
            if event["ph"] == "M" and event["name"] == "process_name":
                names[event["pid"], None] = event["args"]["name"]
            if event["ph"] == "M" and event["name"] == "thread_name":
                names[event["pid"], event["tid"]] = event["args"]["name"]
            if event["ph"] == "X":
                threads.setdefault((event["pid"], event["tid"]), []).append(event)
    for events in threads.values():
        events.sort(key=lambda event: event["ts"])
    return names, threads


def label_of(event):
    """Compute goes by the part of the step that it belongs to."""
    scope = event["args"]["scope"].split(" ")[0]
    return scope if event["cat"] == "compute" and scope in COLOURS else event["cat"]


def merged(events, scale):
    """(label, begin, end) in pixels; neighbours that the eye cannot part are one."""
    bars = []
    for event in events:
        begin = LEFT + event["ts"] * scale
        end = begin + event["dur"] * scale
        label = label_of(event)
        if bars and bars[-1][0] == label and begin - bars[-1][2] < LEAST:
            bars[-1][2] = max(end, bars[-1][2])
        else:
            bars.append([label, begin, end])
    return bars


def axis(span_us, scale, bottom):
    """Ticks at 1, 2 or 5 times a power of ten, so that there are five to twelve."""
    step = next(m * 10.0 ** e for e in range(-3, 12) for m in (1, 2, 5)
                if span_us / (m * 10.0 ** e) <= 12)
    for i in range(int(span_us / step) + 1):
        x = LEFT + i * step * scale
        yield f'<path d="M{x:.1f} {TOP - 6}V{bottom}" stroke="#ddd"/>'
        yield (f'<text x="{x:.1f}" y="{TOP - 10}" text-anchor="middle">'
               f'{i * step / 1000:g}{" ms" if i == 0 else ""}</text>')


def draw(names, threads):
    span = max(e["ts"] + e["dur"] for events in threads.values() for e in events)
    scale = (WIDTH - LEFT - RIGHT) / span
    parts, labels, y, process = [], set(), TOP, None
    for (pid, tid), events in sorted(threads.items()):
        if pid != process:
            y += GAP if process is not None else 0
            parts.append(f'<text x="4" y="{y + 13}" font-weight="bold">'
                         f'{html.escape(names[pid, None].split(" on ")[0])}</text>')
            process = pid
        parts.append(f'<text x="{LEFT - 6}" y="{y + 13}" text-anchor="end">'
                     f'{html.escape(names[pid, tid])}</text>')
        for label, begin, end in merged(events, scale):
            labels.add(label)
            parts.append(f'<rect x="{begin:.1f}" y="{y + 2}" width="{max(end - begin, LEAST):.1f}" '
                         f'height="{LINE - 4}" fill="{COLOURS.get(label, "#000")}"/>')
        y += LINE
    legend = [f'<rect x="{LEFT + i * 90}" y="{y + 12}" width="12" height="12" '
              f'fill="{COLOURS.get(label, "#000")}"/>'
              f'<text x="{LEFT + i * 90 + 18}" y="{y + 22}">{html.escape(label)}</text>'
              for i, label in enumerate(sorted(labels))]
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 32}" '
             'font-family="sans-serif" font-size="11">',
             f'<rect width="{WIDTH}" height="{y + 32}" fill="#fff"/>',
             *axis(span, scale, y), *parts, *legend, "</svg>", ""]
    return "\n".join(lines)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    try:
        picture = draw(*read(arguments[0]))
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"{arguments[0]}: cannot be drawn as a trace of assay: {error}")
    with open(arguments[1], "w", encoding="utf-8") as file:
        file.write(picture)


if __name__ == "__main__":
    main(sys.argv[1:])
