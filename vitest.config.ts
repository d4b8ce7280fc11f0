import { defineConfig } from 'vitest/config';

/** One vitest project per kind of test: `vitest --project unit` and so on. */
export default defineConfig({
  test: {
    testTimeout: 90_000,
    hookTimeout: 60_000, // tidy.test.ts parses all sources, on a machine that is busy
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/conformance/**/*.test.ts', 'test/tidy.test.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 400_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
