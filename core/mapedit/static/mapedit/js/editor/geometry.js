// GeoJSON polygons as the editor handles them: [polygon][ring][point] of [lon, lat], rings closed.
const RADIUS_M = 6378137;
const radians = (degrees) => (degrees * Math.PI) / 180;

export function partsOf(geometry) {
  if (!geometry) return [];
  return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
}

export const multi = (parts) => ({ type: "MultiPolygon", coordinates: parts });
export const vertexCount = (parts) => parts.flat().reduce((sum, ring) => sum + ring.length - 1, 0);

// Dropped coordinates to 10⁻⁹ of a degree, a tenth of a millimetre.
export const tidy = (value) => Math.round(value * 1e9) / 1e9;

export const latlngs = (parts) => parts.map((rings) => rings.map((ring) => ring.slice(0, -1).map(([lon, lat]) => [lat, lon])));

export function boundsOf(parts) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of parts.flat(2)) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

// A quick figure while a vertex is dragged (sphere); the area of record comes from the server.
export function roughArea(parts) {
  let sum = 0;
  for (const rings of parts) rings.forEach((ring, n) => { sum += (n ? -1 : 1) * Math.abs(ringArea(ring)); });
  return Math.max(0, sum);
}

function ringArea(ring) {
  let sum = 0;
  for (let i = 0; i < ring.length - 1; i += 1) {
    const [x1, y1] = ring[i];
    const [x2, y2] = ring[i + 1];
    sum += radians(x2 - x1) * (2 + Math.sin(radians(y1)) + Math.sin(radians(y2)));
  }
  return (sum * RADIUS_M * RADIUS_M) / 2;
}
