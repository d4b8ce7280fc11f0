import { describe, expect, it } from 'vitest';
import { darkTwins } from '../../../src/report/palette.js';
import { reportStyle } from '../../../src/report/report-style.js';
import { standaloneSvg } from '../../../src/report/standalone-svg.js';

const drawn =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><path fill="var(--ink-soft, #5b6570)"/></svg>';

describe('standaloneSvg', () => {
  it('gives the drawing a size, a background, plain light colors and rules for a dark page', () => {
    const svg = standaloneSvg(drawn);
    expect(svg).toMatch(/^<svg width="40" height="30" xmlns/);
    expect(svg).toContain('<rect width="100%" height="100%" fill="#ffffff"/>');
    expect(svg).toContain('<path fill="#5b6570"/>');
    expect(svg).toContain('[fill="#5b6570"]{fill:#a3aeb9}');
    expect(svg).not.toContain('var(');
  });

  it("takes the dark twins from the report's own stylesheet", () => {
    const dark = /prefers-color-scheme: dark\) \{([^}]*)\}/.exec(reportStyle)![1]!;
    for (const [variable, twin] of Object.entries(darkTwins)) {
      expect(dark).toContain(`${/--[a-z-]+/.exec(variable)![0]}: ${twin};`);
    }
  });
});
