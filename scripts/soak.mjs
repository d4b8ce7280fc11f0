/** `npm run soak`: compiles and runs test/soak/main.ts, a swarm of real processes under faults. Needs `npm run build`. */
import { runCompiled } from './run-compiled.mjs';

runCompiled('test/soak', process.argv.slice(2));
