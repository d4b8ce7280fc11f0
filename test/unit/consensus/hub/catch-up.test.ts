/** Catching up: whoever was away has the hub's model to the bit, by the shorter way. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  catchUpBytes,
  createCatchUp,
  followCatchUp,
  recordStep,
} from '../../../../src/consensus/hub/catch-up.js';
import { followModel } from '../../../../src/consensus/hub/model-broadcast.js';
import { createVectorCodec } from '../../../../src/consensus/hub/vector-codec.js';

const LENGTH = 16;
const blocks = [{ name: 'x', offset: 0, rows: 1, cols: LENGTH }];

it('any pattern of absences leaves every worker with the full history, in no more bytes than it or the model takes', () => {
  const codec = createVectorCodec('rand-k:fraction=0.25,scaled=1', blocks);
  const rule = { codec, gamma: 0.3 };
  const absences = fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(absences, (rounds) => {
      const state = codec.createState(1, 'hub');
      const catchUp = createCatchUp(3);
      const hub = new Float64Array(LENGTH);
      const workers = [0, 1, 2].map(() => new Float64Array(LENGTH));
      rounds.forEach((present, t) => {
        const step = codec.encode(
          Float64Array.from({ length: LENGTH }, (_, k) => Math.sin(t * 31 + k)),
          state,
        );
        followModel(hub, step, rule);
        recordStep(catchUp, step, LENGTH);
        expect(catchUp.kept.length).toBeLessThanOrEqual(Math.floor((8 * LENGTH) / (4 + step.length)));
        present.forEach((here, worker) => {
          if (!here) return;
          const missed = catchUp.taken - catchUp.seen[worker];
          const bytes = catchUpBytes(catchUp, worker, hub);
          expect(bytes.length).toBe(1 + Math.min(missed * (4 + step.length), 8 * LENGTH));
          followCatchUp(workers[worker], bytes, rule);
          expect(workers[worker]).toEqual(hub);
        });
      });
    }),
    { seed: 5, numRuns: 100 },
  );
});

it('a message that is cut short is refused', () => {
  const codec = createVectorCodec('none', blocks);
  const catchUp = createCatchUp(1);
  recordStep(catchUp, codec.encode(new Float64Array(LENGTH).fill(1), codec.createState(1)), LENGTH);
  const bytes = catchUpBytes(catchUp, 0, new Float64Array(LENGTH));
  expect(() => followCatchUp(new Float64Array(LENGTH), bytes.subarray(0, 20), { codec, gamma: 1 })).toThrow();
});
