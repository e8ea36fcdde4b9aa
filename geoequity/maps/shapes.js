// Shapes: unpacking, and the two kinds of drawing that Leaflet has no class for.
"use strict";

geoequity.unpack = function (steps) {
  const places = [];
  let lat = 0;
  let lon = 0;
  for (let at = 0; at < steps.length; at += 2) {
    lat += steps[at];
    lon += steps[at + 1];
    places.push([lat / 1e6, lon / 1e6]);
  }
  return places;
};

// Base of paths that draw themselves on a canvas, from places projected once.
geoequity.Places = L.Path.extend({
  options: { interactive: false },

  initialize(latLngs, options) {
    L.setOptions(this, options);
    this._places = latLngs;
  },

  onAdd(map) {
    this._world = this._places.map((place) => map.options.crs.latLngToPoint(L.latLng(place), 0));
    L.Path.prototype.onAdd.call(this, map);
  },

  _project() {
    const scale = 2 ** this._map.getZoom();
    const origin = this._map.getPixelOrigin();
    this._points = this._world.map((point) => L.point(point.x * scale - origin.x, point.y * scale - origin.y));
    this._pxBounds = L.bounds(this._points.length ? this._points : [[0, 0]]);
    const reach = L.point(60, 60); // a place may paint this far from itself
    this._pxBounds = L.bounds(this._pxBounds.min.subtract(reach), this._pxBounds.max.add(reach));
  },

  _update() {
    if (this._map) this._updatePath();
  },

  _updatePath() {
    if (!this._renderer._drawing || !this._points) return;
    const context = this._renderer._ctx;
    context.setLineDash([]); // what was drawn before may have left dashes
    context.globalAlpha = 1;
    this._paint(context);
  },

  _empty: () => false,
  _containsPoint: () => false,
});

// Thousands of points in one stroke.
geoequity.Points = geoequity.Places.extend({
  nearest(point, within) {
    let best = null;
    let least = within * within;
    this._points.forEach((one, place) => {
      const distance = (one.x - point.x) ** 2 + (one.y - point.y) ** 2;
      if (distance <= least) {
        least = distance;
        best = place;
      }
    });
    return best === null ? null : { place: best, distance: least };
  },

  _paint(context) {
    const radius = Math.max(1.3, this.options.radius + (this._map.getZoom() - 12) * 0.5);
    const { _bounds: seen } = this._renderer;
    context.beginPath();
    for (const point of this._points) {
      if (!seen.contains(point)) continue;
      context.moveTo(point.x + radius, point.y);
      context.arc(point.x, point.y, radius, 0, 2 * Math.PI);
    }
    context.fillStyle = this.options.fill;
    context.strokeStyle = this.options.stroke;
    context.lineWidth = this.options.strokeWidth;
    context.stroke();
    context.fill();
  },
});

// Names of districts, where they fit and do not touch each other; the largest first.
geoequity.Labels = geoequity.Places.extend({
  _paint(context) {
    const middle = this._map.getSize().divideBy(2);
    const ends = [middle, middle.add([100, 0])].map((point) => this._map.containerPointToLatLng(point));
    const perPixel = this._map.distance(...ends) / 100;
    const taken = [];
    const size = 12;
    context.font = `600 ${size}px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const place of this.options.order) {
      const room = this.options.widths[place] / perPixel;
      if (room < 16) break; // the widest come first: no name fits into what follows
      const mark = this.options.marks?.[place];
      const name = `${mark ? `${mark}\u00a0` : ""}${this.options.names[place]}`;
      const named = this._fit(context, name, room) || this._fit(context, name, 1.25 * room); // the halo lets it lean out
      const lines = named || (mark ? [mark] : null);
      if (!lines) continue;
      const point = this._points[place];
      const wide = Math.max(...lines.map((line) => context.measureText(line).width)) / 2 + 3;
      const high = (lines.length * (size + 2)) / 2 + 1;
      const box = L.bounds(point.subtract([wide, high]), point.add([wide, high]));
      if (taken.some((other) => other.overlaps(box))) continue;
      taken.push(box);
      lines.forEach((line, row) => {
        const y = point.y + (row - (lines.length - 1) / 2) * (size + 2);
        context.lineWidth = 3.5;
        context.strokeStyle = "rgba(255, 255, 255, 0.92)";
        context.strokeText(line, point.x, y);
        context.fillStyle = "#1B1F24";
        context.fillText(line, point.x, y);
      });
    }
  },

  _fit(context, name, room) {
    if (context.measureText(name).width <= room) return [name];
    const lines = [];
    for (const word of name.split(" ")) {
      const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
      if (lines.length && context.measureText(longer).width <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    const wide = Math.max(...lines.map((line) => context.measureText(line).width));
    return wide <= room && lines.length <= 3 ? lines : null;
  },
});

// The hatchings that stand for "unknown" and, over any colour, for "take with care"; patterns inside the map's drawing.
geoequity.hatch = function (drawing, { paper, line }) {
  const space = "http://www.w3.org/2000/svg";
  const make = (tag, attributes, parent) => {
    const made = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return parent.appendChild(made);
  };
  const definitions = make("defs", {}, drawing);
  const pattern = make(
    "pattern",
    { id: "ge-unknown", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    definitions,
  );
  make("rect", { width: 7, height: 7, fill: paper }, pattern);
  make("rect", { width: 1.4, height: 7, fill: line }, pattern);
  const doubt = { id: "ge-doubt", width: 9, height: 9, patternUnits: "userSpaceOnUse", patternTransform: "rotate(-45)" };
  const lines = make("pattern", doubt, definitions);
  make("rect", { width: 3, height: 9, fill: "#FFFFFF", "fill-opacity": 0.75 }, lines); // shows on light and dark alike
  make("rect", { x: 0.9, width: 1.2, height: 9, fill: "#27303B" }, lines);
};

// The same two for a canvas: patterns of a few pixels that repeat without a seam.
geoequity.hatchings = {};
geoequity.hatchingsOf = function ({ paper, line }) {
  const tile = (size, draw) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    draw(context);
    let pattern = null;
    return (on) => (pattern ||= on.createPattern(canvas, "repeat"));
  };
  const stripe = (context, size, turn, width, colour) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const start of [-size, 0, size]) {
      context.moveTo(start - 1, turn > 0 ? -1 : size + 1);
      context.lineTo(start + size + 1, turn > 0 ? size + 1 : -1);
    }
    context.stroke();
  };
  return {
    "url(#ge-unknown)": tile(8, (context) => {
      context.fillStyle = paper;
      context.fillRect(0, 0, 8, 8);
      stripe(context, 8, 1, 1.2, line);
    }),
    "url(#ge-doubt)": tile(10, (context) => {
      stripe(context, 10, -1, 2.6, "rgba(255, 255, 255, 0.75)");
      stripe(context, 10, -1, 1, "#27303B");
    }),
  };
};
