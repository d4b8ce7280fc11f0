import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  environmentName,
  flagName,
  readConfigFile,
  readEnvironment,
  typedValue,
} from '../../../src/config/sources.js';

const file = (name: string, text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'grapevine-config-')), name);
  writeFileSync(path, text);
  return path;
};

describe('sources of configuration', () => {
  it('name one key in three ways', () => {
    expect(environmentName('localSteps')).toBe('GRAPEVINE_LOCAL_STEPS');
    expect(flagName('localSteps')).toBe('--local-steps');
  });

  it('read numbers as numbers and everything else as text', () => {
    expect(typedValue('1e-3')).toBe(0.001);
    expect(typedValue('ring')).toBe('ring');
    expect(typedValue('')).toBe('');
  });

  it('take known variables only, and no empty ones', () => {
    const environment = { GRAPEVINE_PEERS: '4', GRAPEVINE_SEED: '', GRAPEVINE_OTHER: '1', PEERS: '9' };
    expect(readEnvironment(environment, ['peers', 'seed'])).toEqual({ peers: 4 });
  });

  it('read YAML and JSON alike', async () => {
    expect(await readConfigFile(file('a.yaml', 'peers: 4\ntopology: ring\n'))).toEqual({
      peers: 4,
      topology: 'ring',
    });
    expect(await readConfigFile(file('a.json', '{"peers": 4}'))).toEqual({ peers: 4 });
    expect(await readConfigFile(file('empty.yaml', ''))).toEqual({});
  });

  it('refuse a missing file, a broken one with its place, and one that is a list', async () => {
    await expect(readConfigFile('/nowhere/x.yaml')).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    await expect(readConfigFile(file('b.yaml', 'peers: [1\nx: 2'))).rejects.toThrow(/b\.yaml:\d+:\d+/);
    await expect(readConfigFile(file('c.yaml', '- 1\n'))).rejects.toThrow('keys and values');
  });
});
