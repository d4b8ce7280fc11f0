/**
 * The kernels of src/linalg/kernels.ts, in AssemblyScript for WebAssembly SIMD; `npm run build` makes
 * dist/linalg/kernels.wasm of them. They are functions on addresses: nothing is allocated, no state is kept, and who
 * calls them (src/linalg, src/compression) lays out the memory. Addresses and lengths are trusted.
 *
 * No fused multiply-add and no relaxed SIMD: a kernel gives the same bits on every machine. Those that a receiver
 * runs give the bits of their TypeScript twins, too.
 */
export { energyOf, formDifference, largestMagnitude } from './block';
export { absorbDisplacement, displacementEnergies } from './displacement';
export { addGroups, groupSingles, groupVectors, ungroupVectors } from './groups';
export { orthonormalize } from './orthonormalize';
export { addOuterProduct } from './outer-product';
export { addVector, mirrorDifference, scaleDifference, squaredDistance } from './pairs';
export { backProject, project } from './products';
export { addRuns, quantizeFactor, quantizeRuns, roundFactor } from './quantize';
export { collectAbove, countDigits, countHighDigits } from './select';
export { addSigns, magnitudeSum, packSigns } from './signs';
