import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapCases, runMapCase } from '../support/map-cases.ts'
import { isShared } from '../support/shared.ts'

const UNDECIDED = 'optional: undecided upstream'
const XML = 'XML of logical models is tested over HTTP'

if (isShared) {
  for (const each of mapCases()) {
    const skip = each.optional ? UNDECIDED : each.requires.includes('xml-output') ? XML : false
    // Definitions in XML are read by the server; the cases that need them pass without.
    const given = { ...each, supporting: (each.supporting ?? []).filter((name) => name.endsWith('.json')) }
    test(`${each.corpus}: ${each.id}`, { skip }, async () => {
      assert.deepEqual(await runMapCase(given), [])
    })
  }
}
