import { describe, expect, it } from 'vitest';
import { configHash, verifyRunConfig } from '../../../src/config/verify.js';

const problem = (input: unknown): string => {
  try {
    verifyRunConfig(input, 'test');
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('a run configuration', () => {
  it('has the documented defaults', () => {
    expect(verifyRunConfig({})).toMatchObject({
      peers: 8,
      topology: 'torus',
      algorithm: 'edge-choco:gamma=1',
      compressor: 'low-rank:rank=8,bits=4,iterations=1',
      task: 'mnist-mlp',
      partition: 'iid',
      rounds: 100,
      localSteps: 5,
      batch: 32,
      learningRate: 0.1,
      evaluateEvery: 5,
    });
  });

  it('takes what the task says where nothing is given, and what is given where it is', () => {
    expect(verifyRunConfig({ task: 'quadratic' })).toMatchObject({ batch: 1, learningRate: 0.1 });
    expect(verifyRunConfig({ task: 'quadratic', batch: 7 }).batch).toBe(7);
  });

  it('compresses nothing under exact gossip, and refuses to be told to', () => {
    expect(verifyRunConfig({ algorithm: 'exact' }).compressor).toBe('none');
    expect(verifyRunConfig({ algorithm: 'exact', compressor: 'none' }).compressor).toBe('none');
    expect(problem({ algorithm: 'exact', compressor: 'top-k' })).toContain('edge-choco');
  });

  it('runs algorithms with a hub where there is one, or where everybody can be it', () => {
    const ef21 = 'ef21:up="low-rank:rank=4"';
    expect(verifyRunConfig({ algorithm: ef21, topology: 'star' }).compressor).toBe('none');
    expect(verifyRunConfig({ algorithm: ef21, topology: 'complete' }).algorithm).toContain('rank=4,bits=4');
    expect(problem({ algorithm: ef21 })).toMatch(/"torus": choose --topology star .* or complete/);
    expect(problem({ algorithm: 'artemis', topology: 'complete' })).toMatch(
      /choose --topology star \(peer 0/,
    );
    expect(problem({ algorithm: 'olga', topology: 'star' })).toContain('npm run study -- hub');
  });

  it('refuses error feedback where the algorithm carries the error along (CHOCO: x - xHat holds what was not sent)', () => {
    const layers = 'per-layer:dense*=ef+top-k,*=int8';
    for (const algorithm of ['edge-choco', 'choco:gamma=0.1']) {
      for (const compressor of ['ef+top-k', 'ef+per-layer:a=top-k,*=int8', layers]) {
        expect(() => verifyRunConfig({ algorithm, compressor })).toThrowError(
          expect.objectContaining({
            code: 'BAD_CONFIG',
            message: expect.stringMatching(/ef\+.*leave out the ef\+/),
          }),
        );
      }
    }
    // A layer may be called so.
    const named = 'per-layer:ef+top-k*=int8,*=sign';
    expect(verifyRunConfig({ compressor: named }).compressor).toContain('ef+top-k*');
  });

  it('has a pace, which the hash knows only where it is not lockstep', () => {
    const [plain, lockstep] = [verifyRunConfig({}), verifyRunConfig({ pace: 'lockstep' })];
    const asynchronous = verifyRunConfig({ pace: 'asynchronous' });
    expect(configHash(lockstep)).toBe(configHash(plain));
    expect('pace' in plain).toBe(false);
    expect(configHash(asynchronous)).not.toBe(configHash(plain));
    expect(verifyRunConfig({ ...asynchronous })).toEqual(asynchronous);
  });

  it('has a stepping, which the hash knows only where it is not fixed', () => {
    const [plain, fixed] = [verifyRunConfig({}), verifyRunConfig({ stepping: 'fixed' })];
    const adaptive = verifyRunConfig({ stepping: 'adaptive:least=2' });
    expect(configHash(fixed)).toBe(configHash(plain));
    expect('stepping' in fixed).toBe(false);
    expect(adaptive.stepping).toBe('adaptive:least=2,stretch=1');
    expect(verifyRunConfig({ ...adaptive })).toEqual(adaptive);
    expect(problem({ stepping: 'adaptive', pace: 'asynchronous' })).toMatch(/nobody waits .* one of the two/);
    expect(problem({ stepping: 'adaptive:least=6', localSteps: 5 })).toMatch(
      /got least=6, wanted at most the 5 local steps/,
    );
    expect(problem({ stepping: 'adaptve' })).toContain('Did you mean "adaptive"');
  });

  it('refuses the asynchronous pace where arithmetic belongs to rounds, and says what can have it', () => {
    const others = [
      'choco',
      'd2',
      'lead',
      'gradient-tracking',
      'chebyshev',
      'dcd',
      'ecd',
      'deep-squeeze',
      'beer',
    ];
    for (const algorithm of [...others, 'motef', 'all-reduce', 'exact:order=combine-then-adapt']) {
      expect(problem({ algorithm, pace: 'asynchronous' }), algorithm).toMatch(
        /lockstep, or one of edge-choco, exact, power-gossip, pgq, ad-psgd,/,
      );
    }
    for (const algorithm of ['edge-choco', 'exact', 'power-gossip', 'pgq', 'ad-psgd'])
      expect(verifyRunConfig({ algorithm, pace: 'asynchronous' }).pace).toBe('asynchronous');
  });

  it('names key, got and wanted', () => {
    expect(problem({ peers: 2.5 })).toMatch(/test: peers: .*got 2.5/);
    expect(problem({ learningRate: -1 })).toMatch(/learningRate: .*got -1/);
    expect(problem({ topolgy: 'ring' })).toContain('did you mean "topology"');
    expect(problem({ partition: 'dirichlet:alpha=x' })).toContain('alpha=x');
  });

  it('is frozen', () => {
    expect(Object.isFrozen(verifyRunConfig({}))).toBe(true);
  });

  it('holds a schedule only where the rate is not constant, so that older runs keep their hash', () => {
    const hash = (input: object) => configHash(verifyRunConfig(input));
    expect(Object.keys(verifyRunConfig({}))).not.toContain('schedule');
    expect(hash({ schedule: 'constant' })).toBe(hash({}));
    expect(verifyRunConfig({ schedule: 'cosine' }).schedule).toBe('cosine:floor=0');
    const others = ['cosine', 'cosine:warmup=0.05', 'step', 'constant:warmup=0.05'];
    expect(new Set([hash({}), ...others.map((schedule) => hash({ schedule }))]).size).toBe(5);
    expect(hash({ schedule: 'step' })).toBe(hash({ schedule: 'step:factor=0.1,at=0.50;0.75' }));
    expect(problem({ schedule: 'cosinus' })).toContain('Did you mean "cosine"?');
  });

  it('has one hash for one run, however it is spelled, and another for another', () => {
    const hash = (input: object) => configHash(verifyRunConfig(input));
    expect(hash({ compressor: 'low-rank:bits=4' })).toBe(hash({}));
    expect(hash({ seed: 2 })).not.toBe(hash({}));
    expect(hash({})).toMatch(/^[0-9a-f]{16}$/);
  });
});
