import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { compressors } from '../../../src/compression/registry.js';

/** What `grapevine COMMAND --help` prints on 80 columns. */
function helpOf(name: string): string {
  const unused = (): never => {
    throw new Error('help runs nothing');
  };
  const command = createProgram({}, unused, unused).commands.find((each) => each.name() === name)!;
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return text;
}

describe('help', () => {
  for (const name of ['compress', 'swarm', 'simulate']) {
    it(`of ${name} lists compressors and what is made of them, on 80 columns`, () => {
      const help = helpOf(name);
      for (const entry of compressors.entries) expect(help).toContain(entry.name);
      const lines = help.split('\n');
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      const examples = lines.flatMap((line) => /^ {2}(?:A\+|per-layer).*: ([^ ]+)$/.exec(line)?.[1] ?? []);
      expect(examples).toHaveLength(3);
      for (const spec of examples) expect(compressors.resolve(spec).spec).toContain('rank=');
    });
  }

  it('of topology stays on 80 columns and shows how to compare', () => {
    const help = helpOf('topology');
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(help).toContain('compare SPEC...');
  });

  it('names error feedback where it can be used: not in runs, which have their own', () => {
    expect(['compress', 'swarm', 'simulate'].map((name) => helpOf(name).includes('ef+'))).toEqual([
      true,
      false,
      false,
    ]);
  });
});
