"use strict";
(async () => {
  const held = (id) => document.getElementById(id).textContent;
  const say = (text) => {
    const place = document.getElementById("no-plots");
    place.textContent = text + " Every plot has its table below its place; nothing is only in a picture.";
    place.hidden = false;
  };

  // Plotly comes packed. What is unpacked runs because the page's policy knows its hash.
  async function unpack() {
    const bytes = Uint8Array.from(atob(held("plotly")), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  // Colours stand in figures by the names that the style sheet gives them.
  function dyed(value, key, style) {
    if (Array.isArray(value)) {
      return /colorscale/.test(key) ? value.map(([at, name]) => [at, style.getPropertyValue(name).trim()])
        : value.map((one) => dyed(one, key, style));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, dyed(one, name, style)]));
    }
    const named = typeof value === "string" && value.startsWith("--") && /color$/.test(key);
    return named ? style.getPropertyValue(value).trim() : value;
  }

  const NARROW = 480;

  // `entries` of a legend stand below each other where there is little room.
  function layout(own, style, width, entries) {
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = ({ short, ...of }) => ({
      gridcolor: colour("--line"), linecolor: colour("--line"), tickcolor: colour("--line"),
      fixedrange: true, ...of, ...(short && width < NARROW ? { ticktext: short } : {}),
    });
    const more = width < NARROW && own.showlegend && entries > 2 ? 18 * entries : 0;
    const height = own.meta && own.meta.ratio ? Math.round(width * own.meta.ratio) : own.height + more;
    return {
      margin: { l: 8, r: 16, t: own.showlegend ? 30 : 8, b: own.xaxis.title && own.xaxis.title.text ? 40 : 24 },
      dragmode: false,
      ...own,
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", xanchor: "left", ...own.legend },
      height, width, autosize: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: width < NARROW ? 11 : 13, color: colour("--ink") },
      hoverlabel: { align: "left" },
      xaxis: axis(own.xaxis), yaxis: axis(own.yaxis),
    };
  }

  // The circles of a map shrink with it.
  function shrunk(trace, ratio) {
    const { sizeref, sizemin } = trace.marker || {};
    if (!ratio || !sizeref) return trace;
    return { ...trace, marker: { ...trace.marker, sizeref: sizeref * 3, sizemin: sizemin / 2 } };
  }

  const config = { displayModeBar: false, displaylogo: false, doubleClick: false, showTips: false };
  const places = [...document.querySelectorAll("[data-plot]")];

  async function draw() {
    const style = getComputedStyle(document.documentElement);
    for (const place of places) {
      const figure = figures[place.dataset.plot];
      const width = place.clientWidth, own = dyed(figure.layout, "", style);
      const ratio = width < NARROW && own.meta && own.meta.ratio;
      const data = dyed(figure.data, "", style).map((trace) => shrunk(trace, ratio));
      await Plotly.react(place, data, layout(own, style, width, data.length), config);
      place.dataset.drawn = "yes";
    }
    document.documentElement.dataset.plots = "drawn";
  }

  let figures;
  try {
    if (typeof DecompressionStream === "undefined") {
      say("This browser is too old to draw the plots.");
      return;
    }
    figures = JSON.parse(held("figures"));
    await unpack();
    await draw();
  } catch (error) {
    say("The plots could not be drawn (" + error + ").");
    return;
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = innerWidth, waiting;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(draw, 150);
  });
})();
