/**
 * A chart as pixels. resvg draws it with fonts that it is handed and none of the system, so that the same chart is the same
 * picture on a server that has no fonts.
 */
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { chartFile } from './chart-file.js';

/** Pixels to a unit of the viewBox: sharp on a screen of twice the density, and in print 6 inches wide at 150 dpi. */
const SCALE = 2;

/** What draws: files of packages, which whoever may read files has read. */
export interface PngParts {
  /** WebAssembly of @resvg/resvg-wasm. */
  readonly program: Uint8Array<ArrayBuffer>;
  /** TrueType; the first is for what has no weight. */
  readonly fonts: readonly Uint8Array[];
  /** The name that the fonts give themselves. */
  readonly family: string;
}

export interface PngRenderer {
  /** @param svg from vega-svg.ts */
  render(title: string, svg: string): Uint8Array;
}

/** resvg starts once in a process, and complains the second time. */
let started: Promise<void> | undefined;

export async function createPngRenderer({ program, fonts, family }: PngParts): Promise<PngRenderer> {
  started ??= initWasm(program);
  await started;
  return {
    render(title, svg) {
      const resvg = new Resvg(chartFile(title, svg, family), {
        fitTo: { mode: 'zoom', value: SCALE },
        font: { fontBuffers: [...fonts], defaultFontFamily: family, sansSerifFamily: family },
      });
      const image = resvg.render();
      try {
        return image.asPng();
      } finally {
        image.free();
        resvg.free();
      }
    },
  };
}
