/** `npm run bench -- NAME ...`: compiles and runs bench/main.ts. */
import { runCompiled } from './run-compiled.mjs';

runCompiled('bench', process.argv.slice(2));
