/**
 * `count-tests.mjs RESULTS STATUS`: prints "N passed, N failed" for a run of `npm test` that wrote vitest's JSON
 * to RESULTS and ended with STATUS, and exits with 0 only when all is well. A test file that does not load, and a
 * check that fails before the tests begin, each count as one failure: nothing that is wrong reads as "0 failed".
 */
import { readFileSync } from 'node:fs';

const [path, statusText] = process.argv.slice(2);
const status = Number(statusText);

/** Passed tests, failed tests, and files that failed without a failed test. */
function count({ numPassedTests, numFailedTests, testResults }) {
  const broken = testResults.filter(
    ({ status: outcome, assertionResults }) =>
      outcome === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}

const text = readFileSync(path, 'utf8');
let { passed, failed } = text === '' ? { passed: 0, failed: 0 } : count(JSON.parse(text));
if (failed === 0 && (status !== 0 || passed === 0)) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = status !== 0 ? status : failed === 0 ? 0 : 1;
