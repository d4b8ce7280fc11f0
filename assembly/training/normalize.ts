/**
 * Normalization over groups of channels: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance
 * over the `places` rows of a sample and the channels of a group (Wu and He 2018, eq. 1). Layer-norm is one group and
 * one place a sample; batch-norm is one sample that holds the whole batch, and as many groups as channels.
 *
 * Sums are taken channel by channel, four channels an instruction, and then over groups. `statistics` keeps mean and
 * 1 / sqrt(variance + epsilon), [samples, groups, 2].
 */

/** Rows whose sum stays in float32. */
const RUN: i32 = 128;

/** sums[c] += sum over `places` rows of (x - shift_c)^power; `room` holds a row. power is 1 or 2; shift may be 0. */
function sumChannels(sums: usize, x: usize, places: i32, channels: i32, shift: usize, room: usize, squared: bool): void {
  const bytes = <usize>channels << 2;
  const vectors = bytes & ~15;
  memory.fill(sums, 0, bytes);
  for (let p = 0; p < places; ) {
    const stop = min(places, p + RUN);
    memory.fill(room, 0, bytes);
    for (; p < stop; p++, x += bytes) {
      let c: usize = 0;
      for (; c < vectors; c += 16) {
        let v = v128.load(x + c);
        if (squared) {
          v = f32x4.sub(v, v128.load(shift + c));
          v = f32x4.mul(v, v);
        }
        v128.store(room + c, f32x4.add(v128.load(room + c), v));
      }
      for (; c < bytes; c += 4) {
        let v = load<f32>(x + c);
        if (squared) {
          v -= load<f32>(shift + c);
          v *= v;
        }
        store<f32>(room + c, load<f32>(room + c) + v);
      }
    }
    for (let c: usize = 0; c < bytes; c += 4) store<f32>(sums + c, load<f32>(sums + c) + load<f32>(room + c));
  }
}

/** For each group the sum of its channels' sums, divided by `count` and spread over its channels. */
function meanOfGroups(sums: usize, channels: i32, groups: i32, count: f32): void {
  const size = channels / groups;
  for (let group = 0; group < groups; group++) {
    let sum: f64 = 0;
    for (let c = 0; c < size; c++) sum += <f64>load<f32>(sums + (<usize>c << 2));
    const mean = <f32>(sum / <f64>count);
    for (let c = 0; c < size; c++, sums += 4) store<f32>(sums, mean);
  }
}

/** out_c = x_c scale_c + shift_c for `places` rows. */
function scaleRows(out: usize, x: usize, places: i32, channels: i32, scale: usize, shift: usize): void {
  const bytes = <usize>channels << 2;
  const vectors = bytes & ~15;
  for (let p = 0; p < places; p++, x += bytes, out += bytes) {
    let c: usize = 0;
    for (; c < vectors; c += 16) {
      v128.store(out + c, f32x4.add(f32x4.mul(v128.load(x + c), v128.load(scale + c)), v128.load(shift + c)));
    }
    for (; c < bytes; c += 4) store<f32>(out + c, load<f32>(x + c) * load<f32>(scale + c) + load<f32>(shift + c));
  }
}

/** room: 4 rows of channels. */
export function normalize(
  out: usize,
  x: usize,
  samples: i32,
  places: i32,
  channels: i32,
  groups: i32,
  gamma: usize,
  beta: usize,
  epsilon: f32,
  statistics: usize,
  room: usize,
): void {
  const bytes = <usize>channels << 2;
  const means = room + bytes;
  const squares = means + bytes;
  const size = channels / groups;
  const count = <f32>(places * size);
  const sampleBytes = <usize>places * bytes;
  for (let s = 0; s < samples; s++, x += sampleBytes, out += sampleBytes) {
    sumChannels(means, x, places, channels, 0, room, false);
    meanOfGroups(means, channels, groups, count);
    sumChannels(squares, x, places, channels, means, room, true);
    meanOfGroups(squares, channels, groups, count);
    for (let group = 0; group < groups; group++, statistics += 8) {
      const at = <usize>(group * size) << 2;
      store<f32>(statistics, load<f32>(means + at));
      store<f32>(statistics, 1 / sqrt(load<f32>(squares + at) + epsilon), 4);
    }
    const own = statistics - (<usize>groups << 3);
    for (let c = 0; c < channels; c++) {
      const at = <usize>c << 2;
      const inverse = load<f32>(own + (<usize>(c / size) << 3), 4);
      const scale = load<f32>(gamma + at) * inverse;
      store<f32>(room + at, scale);
      store<f32>(squares + at, load<f32>(beta + at) - load<f32>(means + at) * scale);
    }
    scaleRows(out, x, places, channels, room, squares);
  }
}

/** As normalize, with given means and variances of the channels: batch-norm outside training. */
export function normalizeWith(
  out: usize,
  x: usize,
  rows: i32,
  channels: i32,
  gamma: usize,
  beta: usize,
  means: usize,
  variances: usize,
  epsilon: f32,
  room: usize,
): void {
  const shift = room + (<usize>channels << 2);
  for (let c: usize = 0; c < <usize>channels << 2; c += 4) {
    const scale = load<f32>(gamma + c) / sqrt(load<f32>(variances + c) + epsilon);
    store<f32>(room + c, scale);
    store<f32>(shift + c, load<f32>(beta + c) - load<f32>(means + c) * scale);
  }
  scaleRows(out, x, rows, channels, room, shift);
}

/** sums[c] = sum dy, products[c] = sum dy (x - mean_c) over `places` rows. */
function sumGradients(sums: usize, products: usize, dy: usize, x: usize, places: i32, channels: i32, means: usize): void {
  const bytes = <usize>channels << 2;
  const vectors = bytes & ~15;
  memory.fill(sums, 0, bytes);
  memory.fill(products, 0, bytes);
  for (let p = 0; p < places; p++, dy += bytes, x += bytes) {
    let c: usize = 0;
    for (; c < vectors; c += 16) {
      const g = v128.load(dy + c);
      const centered = f32x4.sub(v128.load(x + c), v128.load(means + c));
      v128.store(sums + c, f32x4.add(v128.load(sums + c), g));
      v128.store(products + c, f32x4.add(v128.load(products + c), f32x4.mul(g, centered)));
    }
    for (; c < bytes; c += 4) {
      const g = load<f32>(dy + c);
      store<f32>(sums + c, load<f32>(sums + c) + g);
      store<f32>(products + c, load<f32>(products + c) + g * (load<f32>(x + c) - load<f32>(means + c)));
    }
  }
}

/**
 * dx (+)= gamma / s (dy - mean(gamma dy) / gamma - ...): with u = gamma dy and h = (x - mean) / s,
 * dx = (u - mean(u) - h mean(u h)) / s, means over the group; dgamma += sum dy h, dbeta += sum dy. room: 6 rows.
 */
export function normalizeGradient(
  dx: usize,
  dy: usize,
  x: usize,
  samples: i32,
  places: i32,
  channels: i32,
  groups: i32,
  gamma: usize,
  dGamma: usize,
  dBeta: usize,
  statistics: usize,
  room: usize,
  more: bool,
): void {
  const bytes = <usize>channels << 2;
  const means = room;
  const sums = room + bytes;
  const products = sums + bytes;
  const size = channels / groups;
  const count = <f32>(places * size);
  const sampleBytes = <usize>places * bytes;
  for (let s = 0; s < samples; s++) {
    for (let c = 0; c < channels; c++) {
      store<f32>(means + (<usize>c << 2), load<f32>(statistics + (<usize>(c / size) << 3)));
    }
    sumGradients(sums, products, dy, x, places, channels, means);
    for (let group = 0; group < groups; group++, statistics += 8) {
      const inverse = load<f32>(statistics, 4);
      let meanU: f32 = 0;
      let meanUh: f32 = 0;
      for (let c = group * size; c < (group + 1) * size; c++) {
        const at = <usize>c << 2;
        const along = load<f32>(products + at) * inverse;
        store<f32>(dBeta + at, load<f32>(dBeta + at) + load<f32>(sums + at));
        store<f32>(dGamma + at, load<f32>(dGamma + at) + along);
        meanU += load<f32>(gamma + at) * load<f32>(sums + at);
        meanUh += load<f32>(gamma + at) * along;
      }
      meanU /= count;
      meanUh /= count;
      for (let c = group * size; c < (group + 1) * size; c++) {
        const at = <usize>c << 2;
        // dx = a dy + b (x - mean) + d
        store<f32>(sums + at, load<f32>(gamma + at) * inverse);
        store<f32>(products + at, -meanUh * inverse * inverse);
        store<f32>(products + bytes + at, -meanU * inverse);
      }
    }
    combine(dx, dy, x, places, channels, room, more);
    dx += sampleBytes;
    dy += sampleBytes;
    x += sampleBytes;
  }
}

/** dx (+)= a dy + b (x - mean) + d with rows mean, a, b, d at `room`. */
function combine(dx: usize, dy: usize, x: usize, places: i32, channels: i32, room: usize, more: bool): void {
  const bytes = <usize>channels << 2;
  const vectors = bytes & ~15;
  const a = room + bytes;
  const b = a + bytes;
  const d = b + bytes;
  for (let p = 0; p < places; p++, dx += bytes, dy += bytes, x += bytes) {
    let c: usize = 0;
    for (; c < vectors; c += 16) {
      const centered = f32x4.sub(v128.load(x + c), v128.load(room + c));
      let v = f32x4.add(f32x4.mul(v128.load(a + c), v128.load(dy + c)), v128.load(d + c));
      v = f32x4.add(v, f32x4.mul(v128.load(b + c), centered));
      v128.store(dx + c, more ? f32x4.add(v128.load(dx + c), v) : v);
    }
    for (; c < bytes; c += 4) {
      const centered = load<f32>(x + c) - load<f32>(room + c);
      const v = load<f32>(a + c) * load<f32>(dy + c) + load<f32>(d + c) + load<f32>(b + c) * centered;
      store<f32>(dx + c, more ? load<f32>(dx + c) + v : v);
    }
  }
}
