/** `npm run study -- NAME ...`: compiles and runs studies/main.ts, which prints the tables of the documentation. */
import { runCompiled } from './run-compiled.mjs';

runCompiled('studies', process.argv.slice(2));
