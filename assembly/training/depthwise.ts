/**
 * Depthwise convolution of images [samples, height, width, channels] with a kernel [window, channels, multiplier] and
 * its gradients; places and windows as in patches.ts (geometry, with step 1 and div 1). Each of the three is a sum of
 * products over the same pairs of a place and a pixel, added to what is there:
 *
 *     FORWARD    y[place, c q] += x[pixel, c] K[entry, c q]
 *     TO_IMAGE   dx[pixel, c]  += dy[place, c q] K[entry, c q]
 *     TO_KERNEL  dK[entry, c q] += dy[place, c q] x[pixel, c]
 */
import { multiplyAdd } from './multiply-add';

const FORWARD: i32 = 0;
const TO_IMAGE: i32 = 1;

// @ts-expect-error: decorator
@inline
function field(geometry: usize, index: usize): i32 {
  return load<i32>(geometry + (index << 2));
}

/** `places`, `image` and `kernel` are y, x and K or their gradients; the direction says which of them is added to. */
export function depthwise(places: usize, image: usize, kernel: usize, g: usize, samples: i32, multiplier: i32, direction: i32): void {
  const height = field(g, 0);
  const width = field(g, 1);
  const channels = field(g, 2);
  const pixelBytes = <usize>channels << 2;
  const placeBytes = pixelBytes * multiplier;
  const windowX = field(g, 6);
  for (let s = 0; s < samples; s++, image += <usize>(height * width) * pixelBytes) {
    for (let py = 0; py < field(g, 3); py++) {
      const top = py * field(g, 7) + field(g, 9);
      const y1 = min(field(g, 5), height - top);
      for (let px = 0; px < field(g, 4); px++, places += placeBytes) {
        const left = px * field(g, 8) + field(g, 10);
        const x1 = min(windowX, width - left);
        for (let ky = max(0, -top); ky < y1; ky++) {
          for (let kx = max(0, -left); kx < x1; kx++) {
            const pixel = image + <usize>((top + ky) * width + left + kx) * pixelBytes;
            const entry = kernel + <usize>(ky * windowX + kx) * placeBytes;
            if (multiplier == 1) addPair(places, pixel, entry, pixelBytes, direction);
            else addPairs(places, pixel, entry, channels, multiplier, direction);
          }
        }
      }
    }
  }
}

// @ts-expect-error: decorator
@inline
function addPair(place: usize, pixel: usize, entry: usize, bytes: usize, direction: i32): void {
  if (direction == FORWARD) addProducts(place, pixel, entry, bytes);
  else if (direction == TO_IMAGE) addProducts(pixel, place, entry, bytes);
  else addProducts(entry, place, pixel, bytes);
}

/** sums[i] += a[i] b[i] */
function addProducts(sums: usize, a: usize, b: usize, bytes: usize): void {
  const vectors = bytes & ~15;
  let c: usize = 0;
  for (; c < vectors; c += 16) {
    v128.store(sums + c, multiplyAdd(v128.load(a + c), v128.load(b + c), v128.load(sums + c)));
  }
  for (; c < bytes; c += 4) store<f32>(sums + c, load<f32>(sums + c) + load<f32>(a + c) * load<f32>(b + c));
}

/** Several outputs a channel: number by number. */
function addPairs(place: usize, pixel: usize, entry: usize, channels: i32, multiplier: i32, direction: i32): void {
  for (let c = 0; c < channels; c++, pixel += 4) {
    for (let q = 0; q < multiplier; q++, place += 4, entry += 4) {
      const y = load<f32>(place);
      const x = load<f32>(pixel);
      const weight = load<f32>(entry);
      if (direction == FORWARD) store<f32>(place, y + x * weight);
      else if (direction == TO_IMAGE) store<f32>(pixel, x + y * weight);
      else store<f32>(entry, weight + y * x);
    }
  }
}
