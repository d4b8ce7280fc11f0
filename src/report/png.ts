/**
 * A chart as pixels. resvg draws it with the one font that comes with us and no font of the system, so that the same chart is the
 * same picture on a server that has none. It carries Latin and Greek; what else a name may hold is drawn as a box.
 */
import { Resvg } from '@resvg/resvg-js';
import { standaloneSvg } from './standalone-svg.js';

/** Pixels to a unit of the viewBox: sharp on screens of today, and at 150 dpi 6 inches wide. */
const SCALE = 2;
const FAMILY = 'DejaVu Sans';

/** @param fontFile path of assets/DejaVuSans-subset.ttf */
export function renderPng(title: string, svg: string, fontFile: string): Uint8Array {
  const resvg = new Resvg(standaloneSvg(title, svg, FAMILY), {
    fitTo: { mode: 'zoom', value: SCALE },
    font: { fontFiles: [fontFile], loadSystemFonts: false, defaultFontFamily: FAMILY, sansSerifFamily: FAMILY },
  });
  return resvg.render().asPng();
}
