/**
 * Pooling of images [samples, height, width, channels]; places and windows as in patches.ts (geometry, with step 1 and
 * div 1). A window's entries outside the image do not count, in means neither.
 */

// @ts-expect-error: decorator
@inline
function field(geometry: usize, index: usize): i32 {
  return load<i32>(geometry + (index << 2));
}

/** The window of one place, cut to the image: rows y0 .. y1 and columns x0 .. x1, as four numbers at `out`. */
function windowOf(out: usize, g: usize, py: i32, px: i32): void {
  const top = py * field(g, 7) + field(g, 9);
  const left = px * field(g, 8) + field(g, 10);
  store<i32>(out, max(0, top));
  store<i32>(out, min(field(g, 0), top + field(g, 5)), 4);
  store<i32>(out, max(0, left), 8);
  store<i32>(out, min(field(g, 1), left + field(g, 6)), 12);
}

/** out = largest of each window, and at `chosen` the index of its pixel in its image, a place and channel each. */
export function maxPool(out: usize, chosen: usize, image: usize, g: usize, samples: i32, room: usize): void {
  const width = field(g, 1);
  const channels = field(g, 2);
  const bytes = <usize>channels << 2;
  const imageBytes = <usize>(field(g, 0) * width) * bytes;
  for (let s = 0; s < samples; s++, image += imageBytes) {
    for (let py = 0; py < field(g, 3); py++) {
      for (let px = 0; px < field(g, 4); px++, out += bytes, chosen += bytes) {
        windowOf(room, g, py, px);
        largestInto(out, chosen, image, room, width, bytes);
      }
    }
  }
}

function largestInto(out: usize, chosen: usize, image: usize, window: usize, width: i32, bytes: usize): void {
  const y0 = load<i32>(window);
  const y1 = load<i32>(window, 4);
  const x0 = load<i32>(window, 8);
  const x1 = load<i32>(window, 12);
  const vectors = bytes & ~15;
  let c: usize = 0;
  for (; c < vectors; c += 16) {
    let largest = v128.load(image + <usize>(y0 * width + x0) * bytes + c);
    let where = i32x4.splat(y0 * width + x0);
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const at = y * width + x;
        const value = v128.load(image + <usize>at * bytes + c);
        const more = f32x4.gt(value, largest);
        largest = v128.bitselect(value, largest, more);
        where = v128.bitselect(i32x4.splat(at), where, more);
      }
    }
    v128.store(out + c, largest);
    v128.store(chosen + c, where);
  }
  for (; c < bytes; c += 4) {
    let where = y0 * width + x0;
    let largest = load<f32>(image + <usize>where * bytes + c);
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const at = y * width + x;
        const value = load<f32>(image + <usize>at * bytes + c);
        if (value > largest) {
          largest = value;
          where = at;
        }
      }
    }
    store<f32>(out + c, largest);
    store<i32>(chosen + c, where);
  }
}

/** image[chosen] += gradient; `image` is the image's gradient. */
export function maxPoolGradient(image: usize, gradient: usize, chosen: usize, g: usize, samples: i32): void {
  const channels = field(g, 2);
  const places = field(g, 3) * field(g, 4);
  const imageBytes = <usize>(field(g, 0) * field(g, 1) * channels) << 2;
  for (let s = 0; s < samples; s++, image += imageBytes) {
    for (let place = 0; place < places; place++) {
      for (let c = 0; c < channels; c++, gradient += 4, chosen += 4) {
        const to = image + (<usize>(load<i32>(chosen) * channels + c) << 2);
        store<f32>(to, load<f32>(to) + load<f32>(gradient));
      }
    }
  }
}

// @ts-expect-error: decorator
@inline
function addScaled(to: usize, from: usize, bytes: usize, factor: f32): void {
  const vectors = bytes & ~15;
  const factors = f32x4.splat(factor);
  let c: usize = 0;
  for (; c < vectors; c += 16) {
    v128.store(to + c, f32x4.add(v128.load(to + c), f32x4.mul(v128.load(from + c), factors)));
  }
  for (; c < bytes; c += 4) store<f32>(to + c, load<f32>(to + c) + load<f32>(from + c) * factor);
}

/** out = mean of each window; or with `back`, image += out's gradient spread over its window. */
export function averagePool(out: usize, image: usize, g: usize, samples: i32, room: usize, back: bool): void {
  const width = field(g, 1);
  const bytes = <usize>field(g, 2) << 2;
  const imageBytes = <usize>(field(g, 0) * width) * bytes;
  for (let s = 0; s < samples; s++, image += imageBytes) {
    for (let py = 0; py < field(g, 3); py++) {
      for (let px = 0; px < field(g, 4); px++, out += bytes) {
        windowOf(room, g, py, px);
        const y1 = load<i32>(room, 4);
        const x1 = load<i32>(room, 12);
        const share: f32 = 1 / <f32>((y1 - load<i32>(room)) * (x1 - load<i32>(room, 8)));
        if (!back) memory.fill(out, 0, bytes);
        for (let y = load<i32>(room); y < y1; y++) {
          for (let x = load<i32>(room, 8); x < x1; x++) {
            const pixel = image + <usize>(y * width + x) * bytes;
            if (back) addScaled(pixel, out, bytes, share);
            else addScaled(out, pixel, bytes, share);
          }
        }
      }
    }
  }
}

/** out[s] = mean over `places` rows of values[s]; or with `back`, values[s] += gradient out[s] / places in each row. */
export function averageRows(out: usize, values: usize, samples: i32, places: i32, cols: i32, back: bool): void {
  const bytes = <usize>cols << 2;
  const share: f32 = 1 / <f32>places;
  for (let s = 0; s < samples; s++, out += bytes) {
    if (!back) memory.fill(out, 0, bytes);
    for (let p = 0; p < places; p++, values += bytes) {
      if (back) addScaled(values, out, bytes, share);
      else addScaled(out, values, bytes, share);
    }
  }
}
