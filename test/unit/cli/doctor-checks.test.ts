import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCache, checkData, checkLoopback, checkNode } from '../../../src/cli/doctor-checks.js';
import { digitCacheFile } from '../../../src/training/data/mnist.js';

describe('doctor', () => {
  it('knows the least version of Node, by number and not by text', () => {
    const statuses = ['20.19.5', '20.20.0', '22.1.0', '9.99.0', '100.0.0'].map(
      (version) => checkNode(version).status,
    );
    expect(statuses).toEqual(['problem', 'ok', 'ok', 'problem', 'ok']);
    expect(checkNode('18.0.0').remedy).toContain('20.20 or later');
  });

  it('connects to itself, and lets the port go', async () => {
    const { status, found } = await checkLoopback();
    expect(status).toBe('ok');
    expect(found).toMatch(/127\.0\.0\.1 \(port \d+\)/);
  });

  it('finds out whether the cache can be written, and what it holds', () => {
    const directory = mkdtempSync(join(tmpdir(), 'grapevine-doctor-'));
    expect(checkCache(directory).status).toBe('ok');
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(checkCache(join(file, 'below'))).toMatchObject({
      status: 'missing',
      remedy: expect.stringContaining('GRAPEVINE_CACHE_DIR'),
    });
    const digits = () => checkData(directory)[0]!.found;
    expect(digits()).toContain('in the package');
    writeFileSync(digitCacheFile(directory), '');
    expect(digits()).toBe('in the cache');
    expect(
      checkData(directory)
        .slice(1)
        .map(({ status }) => status),
    ).toEqual(['missing', 'missing', 'missing']);
  });
});
