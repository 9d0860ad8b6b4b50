/** What an open rule lacks, in words of data. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openThings } from '../../../src/console/verify/reply/open-data.ts'

describe('what an open rule lacks', () => {
  it('is a datum where nothing but a datum is named, each once', () => {
    assert.deepEqual(openThings('not determined: doseNumber of Immunization.ProtocolApplied does not decide it'), [
      { datum: 'dose' },
    ])
    assert.deepEqual(openThings('not determined: date of vaccination is missing; occurrence of Immunization'), [
      { datum: 'date' },
    ])
  })

  it('is the server’s sentence where it says more, or names what has no word here', () => {
    for (const words of [
      'seriesDoses of Immunization.ProtocolApplied is missing, and the doses before dose 2 are not shown',
      'toString of Immunization does not decide it',
      'the data do not decide it',
      'the primary series of vaccine XM0000 is not known: its product is not in the table of products',
    ])
      assert.deepEqual(openThings(`not determined: ${words}`), [{ words }])
  })

  it('is nothing of an author’s own message', () => {
    assert.equal(openThings('Il manque doseNumber of Immunization does not decide it'), undefined)
  })
})
