// What the page was given, unpacked: what is said often is written once, and named by its place.
"use strict";

geoequity.read = function () {
  const data = JSON.parse(document.getElementById("ge-data").textContent);
  const types = Object.keys(data.types.colours);
  for (const layer of data.layers) if (layer.doubtful) layer.doubtful = new Set(layer.doubtful);
  const interval = (one) => one && { value: one[0], method: ends(one[1], one[2]), sampling: ends(one[3], one[4]) };
  const ends = (low, high) => (low === null || low === undefined ? null : { low, high });
  for (const district of data.districts) {
    for (const side of ["strengths", "gaps"]) district[side] = district[side].map((place) => data.layers[place].id);
    district.reasons = district.reasons.map((place) => data.reasons[place]);
    for (const figure of ["score", "rank"]) district[figure] = interval(district[figure]);
    const chances = district.type_probability || [];
    district.type_probability = Object.fromEntries(chances.map((chance, place) => [types[place], chance]));
  }
  return data;
};
