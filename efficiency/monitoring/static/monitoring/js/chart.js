// The points, drawn by ECharts on a canvas. What a brush holds is worked out here from pixels, because large series
// are drawn in one go and know no single points.
const SELECTED = "#17212b";
const LARGE = 2000;
// Pixels: a point on the axis itself belongs to a rectangle drawn up to it.
const EDGE = 1;

const number = (value) => value.toLocaleString("zh-CN", { maximumFractionDigits: 2 });

function inside(polygon, x, y) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

export class Chart {
  constructor(root, config, firms, select) {
    this.config = config;
    this.firms = firms;
    this.select = select;
    this.log = root.querySelector("[data-log]");
    this.dropped = root.querySelector("[data-dropped]");
    this.tools = [...root.querySelectorAll("[data-brush]")];
    this.chosen = new Set();
    const box = root.querySelector("[data-chart]");
    this.chart = window.echarts.init(box, null, { renderer: "canvas" });
    this.draw();
    this.takeBrush("rect");
    this.chart.on("brushEnd", ({ areas }) => this.brushed(areas));
    this.chart.on("click", ({ value }) => value && this.flip(value[2]));
    this.log.addEventListener("change", () => {
      this.clearBrush();
      this.draw();
      this.mark(this.chosen);
    });
    for (const tool of this.tools) {
      tool.addEventListener("click", () => this.takeBrush(tool.getAttribute("aria-pressed") === "true" ? "" : tool.dataset.brush));
    }
    new ResizeObserver(() => this.chart.resize()).observe(box);
  }

  get shown() {
    const { x, y } = this.firms;
    const all = [...x.keys()];
    return this.log.checked ? all.filter((i) => x[i] > 0 && y[i] > 0) : all;
  }

  draw() {
    const { texts, grades } = this.config;
    const { firms } = this;
    const shown = this.shown;
    const hidden = firms.id.length - shown.length;
    this.dropped.textContent = hidden ? texts.dropped.replace("{n}", hidden.toLocaleString("zh-CN")) : "";
    const points = new Map(grades.map((grade) => [grade.value, []]));
    for (const i of shown) points.get(firms.grade[i])?.push([firms.x[i], firms.y[i], i]);
    const axis = (name) => ({
      type: this.log.checked ? "log" : "value",
      name: `${name}（${texts.unit}）`,
      nameLocation: "middle",
      axisLabel: { color: "#4a5663", hideOverlap: true },
      nameTextStyle: { color: "#4a5663" },
      splitLine: { lineStyle: { color: "#e3e6e9" } },
    });
    this.chart.setOption(
      {
        animation: false,
        toolbox: { show: false },
        grid: { left: 64, right: 16, top: 40, bottom: 48 },
        legend: { top: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: "#17212b" } },
        tooltip: {
          trigger: "item",
          formatter: ({ value }) => this.tip(value[2]),
        },
        xAxis: { ...axis(texts.output), nameGap: 28 },
        yAxis: { ...axis(texts.tax), nameGap: 46 },
        brush: {
          toolbox: [],
          xAxisIndex: 0,
          yAxisIndex: 0,
          brushMode: "single",
          seriesIndex: [],
          brushStyle: { color: "rgba(15,118,110,.08)", borderColor: "#0f766e", borderWidth: 1 },
        },
        series: [
          ...grades
            .filter((grade) => points.get(grade.value).length)
            .map((grade) => ({
              type: "scatter",
              name: grade.label,
              data: points.get(grade.value),
              symbolSize: firms.id.length > LARGE ? 4 : 7,
              large: true,
              largeThreshold: LARGE,
              progressive: 5000,
              itemStyle: { color: grade.colour, opacity: 0.75 },
            })),
          { id: "chosen", type: "scatter", data: [], silent: true, large: true, largeThreshold: LARGE, symbolSize: firms.id.length > LARGE ? 5 : 9,
            itemStyle: { color: "transparent", borderColor: SELECTED, borderWidth: 0.8 }, z: 5 },
        ],
      },
      { notMerge: true },
    );
    if (this.kind !== undefined) this.takeBrush(this.kind);
  }

  tip(index) {
    const { firms, config } = this;
    const { texts, grades } = config;
    const grade = grades.find((each) => each.value === firms.grade[index])?.label ?? "";
    const safe = window.echarts.format.encodeHTML;
    return `${safe(firms.name[index])}<br>${safe(grade)}<br>${texts.tax} ${number(firms.y[index])} ${texts.unit}<br>${texts.output} ${number(firms.x[index])} ${texts.unit}`;
  }

  takeBrush(kind) {
    this.kind = kind;
    this.chart.dispatchAction({
      type: "takeGlobalCursor",
      key: "brush",
      brushOption: kind ? { brushType: kind, brushMode: "single" } : { brushType: false },
    });
    for (const tool of this.tools) tool.setAttribute("aria-pressed", String(tool.dataset.brush === kind));
  }

  clearBrush() {
    this.chart.dispatchAction({ type: "brush", areas: [] });
  }

  brushed(areas) {
    const area = areas[0];
    if (!area) return;
    const holds =
      area.brushType === "polygon"
        ? (left, top) => inside(area.range, left, top)
        : (left, top) => [left, top].every((at, axis) => at >= area.range[axis][0] - EDGE && at <= area.range[axis][1] + EDGE);
    const { x, y } = this.firms;
    this.select(
      this.shown.filter((i) => {
        const [left, top] = this.chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [x[i], y[i]]);
        return holds(left, top);
      }),
    );
  }

  flip(index) {
    const wanted = new Set(this.chosen);
    if (!wanted.delete(index)) wanted.add(index);
    this.select(wanted);
  }

  // Rings the points of a selection.
  mark(chosen) {
    this.chosen = new Set(chosen);
    const { x, y } = this.firms;
    const logged = this.log.checked;
    const data = [...this.chosen].filter((i) => !logged || (x[i] > 0 && y[i] > 0)).map((i) => [x[i], y[i], i]);
    this.chart.setOption({ series: [{ id: "chosen", data }] });
  }
}
