/**
 * Patches of images as a matrix that is never stored: row r is a place (image, y, x) of the window's travel, column
 * (ky, kx, channel). Entry: the number at
 *
 *     ((y mulY + baseY + ky step) / divY,  (x mulX + baseX + kx step) / divX,  channel)
 *
 * of that image, and 0 where the quotient is no whole number or lies outside. With mul = stride, base = -before,
 * step = 1, div = 1 these are the patches of a convolution; with mul = 1, base = before, step = -1, div = stride those
 * of its gradient with respect to the image. Geometry, numbers in memory:
 *
 *     0 height  1 width  2 channels   3, 4 places in y and x   5, 6 window's height and width
 *     7, 8 mul   9, 10 base   11 step   12, 13 div
 */
import { storeTransposed } from './product';

// @ts-expect-error: decorator
@inline
function field(geometry: usize, index: usize): i32 {
  return load<i32>(geometry + (index << 2));
}

/** Index along one side, or -1. */
// @ts-expect-error: decorator
@inline
function along(place: i32, mul: i32, base: i32, shift: i32, div: i32, length: i32): i32 {
  const at = place * mul + base + shift;
  if (at < 0) return -1;
  if (div == 1) return at < length ? at : -1;
  const quotient = at / div;
  return quotient < length && quotient * div == at ? quotient : -1;
}

/** Offset in bytes of channel 0 at window entry (ky, kx) of place (py, px) of image `sample`, or -1 outside. */
// @ts-expect-error: decorator
@inline
function pixel(g: usize, sample: i32, py: i32, px: i32, ky: i32, kx: i32): i32 {
  const step = field(g, 11);
  const height = field(g, 0);
  const width = field(g, 1);
  const y = along(py, field(g, 7), field(g, 9), ky * step, field(g, 12), height);
  const x = along(px, field(g, 8), field(g, 10), kx * step, field(g, 13), width);
  if (y < 0 || x < 0) return -1;
  return (((sample * height + y) * width + x) * field(g, 2)) << 2;
}

// @ts-expect-error: decorator
@inline
function fourAt(image: usize, pixel: i32): v128 {
  return pixel < 0 ? f32x4.splat(0) : v128.load(image + <usize>pixel);
}

// @ts-expect-error: decorator
@inline
function oneAt(image: usize, pixel: i32): f32 {
  return pixel < 0 ? 0 : load<f32>(image + <usize>pixel);
}

/** Panels of four rows of the patch matrix: rows i .. i + rows, columns p .. p + depth. */
export function packPatches(out: usize, image: usize, g: usize, i: i32, rows: i32, p: i32, depth: i32): void {
  for (let first = 0; first < rows; first += 4, out += <usize>depth << 4) {
    packFourPlaces(out, image, g, i + first, min(4, rows - first), p, p + depth);
  }
}

function packFourPlaces(out: usize, image: usize, g: usize, row: i32, lanes: i32, p: i32, end: i32): void {
  const channels = field(g, 2);
  const windowX = field(g, 6);
  const placesY = field(g, 3);
  const placesX = field(g, 4);
  // The four places, of which later ones may lie in the next line or image.
  const line = row / placesX;
  const x0 = row - line * placesX;
  const s0 = line / placesY;
  const y0 = line - s0 * placesY;
  const x1 = x0 + 1 == placesX ? 0 : x0 + 1;
  const y1 = x1 > 0 ? y0 : y0 + 1 == placesY ? 0 : y0 + 1;
  const s1 = x1 + y1 > 0 ? s0 : s0 + 1;
  const x2 = x1 + 1 == placesX ? 0 : x1 + 1;
  const y2 = x2 > 0 ? y1 : y1 + 1 == placesY ? 0 : y1 + 1;
  const s2 = x2 + y2 > 0 ? s1 : s1 + 1;
  const x3 = x2 + 1 == placesX ? 0 : x2 + 1;
  const y3 = x3 > 0 ? y2 : y2 + 1 == placesY ? 0 : y2 + 1;
  const s3 = x3 + y3 > 0 ? s2 : s2 + 1;
  let entry = p / channels;
  let channel = p - entry * channels;
  let ky = entry / windowX;
  let kx = entry - ky * windowX;
  let column = p;
  while (column < end) {
    const count = min(channels - channel, end - column);
    const r0 = pixel(g, s0, y0, x0, ky, kx);
    const r1 = lanes > 1 ? pixel(g, s1, y1, x1, ky, kx) : -1;
    const r2 = lanes > 2 ? pixel(g, s2, y2, x2, ky, kx) : -1;
    const r3 = lanes > 3 ? pixel(g, s3, y3, x3, ky, kx) : -1;
    let from = image + (<usize>channel << 2);
    let c = 0;
    for (; c + 4 <= count; c += 4, from += 16, out += 64) {
      storeTransposed(out, 16, fourAt(from, r0), fourAt(from, r1), fourAt(from, r2), fourAt(from, r3));
    }
    for (; c < count; c++, from += 4, out += 16) {
      store<f32>(out, oneAt(from, r0));
      store<f32>(out, oneAt(from, r1), 4);
      store<f32>(out, oneAt(from, r2), 8);
      store<f32>(out, oneAt(from, r3), 12);
    }
    column += count;
    channel = 0;
    if (++kx == windowX) {
      kx = 0;
      ky++;
    }
  }
}

/** Panels of four columns of the patch matrix: columns i .. i + lanes, a step for each of the rows p .. p + depth. */
export function packTransposedPatches(out: usize, image: usize, g: usize, i: i32, lanes: i32, p: i32, depth: i32): void {
  const channels = field(g, 2);
  const windowX = field(g, 6);
  const end = i + lanes;
  const panel = <usize>depth << 4;
  for (let first = i; first < end; first += 4, out += panel) {
    const entry = first / channels;
    const channel = first - entry * channels;
    const count = min(4, end - first);
    if (channel + 4 <= channels && count == 4) {
      const ky = entry / windowX;
      packColumns(out, image + (<usize>channel << 2), g, ky, entry - ky * windowX, p, depth, true);
      continue;
    }
    for (let lane = 0; lane < 4; lane++) {
      const to = out + (<usize>lane << 2);
      if (lane >= count) {
        for (let d: usize = 0; d < <usize>depth; d++) store<f32>(to + (d << 4), 0);
        continue;
      }
      const own = (first + lane) / channels;
      const ky = own / windowX;
      const from = image + (<usize>(first + lane - own * channels) << 2);
      packColumns(to, from, g, ky, own - ky * windowX, p, depth, false);
    }
  }
}

/** One column (or four, with `four`) of the patch matrix for the places p .. p + depth, 16 bytes apart. */
// @ts-expect-error: decorator
@inline
function packColumns(out: usize, image: usize, g: usize, ky: i32, kx: i32, p: i32, depth: i32, four: bool): void {
  const placesY = field(g, 3);
  const placesX = field(g, 4);
  const height = field(g, 0);
  const width = field(g, 1);
  const step = field(g, 11);
  const bytes = field(g, 2) << 2;
  let line = p / placesX;
  let px = p - line * placesX;
  let sample = line / placesY;
  let py = line - sample * placesY;
  const end = out + (<usize>depth << 4);
  while (out < end) {
    const y = along(py, field(g, 7), field(g, 9), ky * step, field(g, 12), height);
    const row = (sample * height + y) * width;
    // The rest of this line of places.
    const stop = min(end, out + (<usize>(placesX - px) << 4));
    for (; out < stop; out += 16, px++) {
      const x = y < 0 ? -1 : along(px, field(g, 8), field(g, 10), kx * step, field(g, 13), width);
      const at = x < 0 ? -1 : (row + x) * bytes;
      if (four) v128.store(out, fourAt(image, at));
      else store<f32>(out, oneAt(image, at));
    }
    if (px == placesX) {
      px = 0;
      if (++py == placesY) {
        py = 0;
        sample++;
      }
    }
  }
}
