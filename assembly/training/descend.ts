/**
 * One optimizer step on `count` parameters, in place, in float32:
 *
 *     g = gradient + lambda x      v = mu velocity + g      x = x - eta (g + mu v), or - eta v without Nesterov's step
 *
 * With `keeps`, velocity = v. The velocity is not read where mu is 0. Counts are whole vectors or have room for them.
 */
export function descend(
  x: usize,
  gradient: usize,
  velocity: usize,
  count: i32,
  eta: f32,
  mu: f32,
  lambda: f32,
  nesterov: bool,
  keeps: bool,
): void {
  const end = x + ((<usize>count + 3) & ~3) * 4;
  const etas = f32x4.splat(eta);
  const mus = f32x4.splat(mu);
  const lambdas = f32x4.splat(lambda);
  for (; x < end; x += 16, gradient += 16, velocity += 16) {
    const own = v128.load(x);
    const g = f32x4.add(v128.load(gradient), f32x4.mul(lambdas, own));
    let step = g;
    if (mu != 0) {
      const v = f32x4.add(f32x4.mul(mus, v128.load(velocity)), g);
      if (keeps) v128.store(velocity, v);
      step = nesterov ? f32x4.add(g, f32x4.mul(mus, v)) : v;
    }
    v128.store(x, f32x4.sub(own, f32x4.mul(etas, step)));
  }
}
