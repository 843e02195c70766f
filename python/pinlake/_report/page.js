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

  function layout(own, style, width) {
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = (of) => ({
      gridcolor: colour("--line"), linecolor: colour("--line"), tickcolor: colour("--line"),
      fixedrange: true, ...of,
    });
    const height = own.meta && own.meta.ratio ? Math.round(width * own.meta.ratio) : own.height;
    return {
      margin: { l: 8, r: 16, t: 30, b: 40 },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", xanchor: "left" },
      dragmode: false,
      ...own,
      height, width, autosize: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: width < 480 ? 11 : 13, color: colour("--ink") },
      hoverlabel: { align: "left" },
      xaxis: axis(own.xaxis), yaxis: axis(own.yaxis),
    };
  }

  const config = { displayModeBar: false, displaylogo: false, doubleClick: false, showTips: false };
  const places = [...document.querySelectorAll("[data-plot]")];

  async function draw() {
    const style = getComputedStyle(document.documentElement);
    for (const place of places) {
      const figure = figures[place.dataset.plot];
      const data = dyed(figure.data, "", style);
      await Plotly.react(place, data, layout(dyed(figure.layout, "", style), style, place.clientWidth), config);
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
