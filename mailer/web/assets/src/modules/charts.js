// Draws a report: <div data-module="charts" data-chart="{kind, labels, series}">. The table beside it says the same.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 180;

function colours(count) {
  const style = getComputedStyle(document.documentElement);
  return [...Array(count).keys()].map((place) => style.getPropertyValue(`--chart-${(place % 4) + 1}`).trim());
}

function shown(value, kind) {
  if (value == null) return "–";
  return kind === "share" ? `${Math.round(value * 100)} %` : String(Math.round(value * 100) / 100);
}

function options(chart, width) {
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink-quiet").trim();
  const line = getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
  const stroke = colours(chart.series.length);
  const isShare = chart.series[0]?.kind === "share";
  const bars = chart.kind === "bars";
  const label = (place) => (Number.isInteger(place) ? (chart.labels[place] ?? "") : "");
  // As many letters as fit below one place; the table below says each name in full.
  const room = Math.max(3, Math.floor((width - 90) / Math.max(chart.labels.length, 6) / 7));
  const short = (words) => (words.length > room ? `${words.slice(0, room - 1)}…` : words);
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: false, range: [-0.6, chart.labels.length - 0.4] }, y: { range: (_, low, high) => [Math.min(0, low), high || 1] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { stroke: line }, values: (_, ticks) => ticks.map((tick) => short(label(tick))) },
      { stroke: ink, grid: { stroke: line }, ticks: { stroke: line }, values: (_, ticks) => ticks.map((tick) => shown(tick, isShare ? "share" : "")) },
    ],
    legend: { show: chart.series.length > 1, live: false },
    series: [
      { label: "", value: (_, place) => label(place) },
      ...chart.series.map((one, place) => ({
        label: one.name,
        stroke: stroke[place],
        fill: bars ? stroke[place] : undefined,
        width: bars ? 0 : 2,
        paths: bars ? beside(place, chart.series.length) : undefined,
        points: { show: !bars },
        value: (_, value) => shown(value, one.kind),
      })),
    ],
  };
}

// Bars of several series stand beside each other, each in its part of the place of its label.
function beside(place, count) {
  const build = uPlot.paths.bars({ size: [0.8 / count, 40], align: 0 });
  return (plot, index, from, to) => {
    const shift = ((place - (count - 1) / 2) * 0.8) / count;
    const moved = plot.data[0].map((x) => x + shift);
    const kept = plot.data[0];
    plot.data[0] = moved;
    const paths = build(plot, index, from, to);
    plot.data[0] = kept;
    return paths;
  };
}

export default function charts(element) {
  const chart = JSON.parse(element.dataset.chart);
  if (!chart.labels.length) return;
  const data = [chart.labels.map((_, place) => place), ...chart.series.map((one) => one.values)];
  const plot = new uPlot(options(chart, element.clientWidth), data, element);
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
}
