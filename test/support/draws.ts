import fc from 'fast-check'

/**
 * Loaded before every test file by `npm test`: property tests draw the same examples in every run, so that a run says something of the
 * change it tests. `npm run soak -- properties` draws others; what it finds becomes a case. `TEST_SEED` chooses the draw.
 */
fc.configureGlobal({ seed: Number(process.env.TEST_SEED ?? 20_261_129) })
