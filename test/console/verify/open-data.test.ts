/** What an open rule lacks, in words of data. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openThings, saidKey } from '../../../src/console/verify/reply/open-data.ts'

describe('what an open rule lacks', () => {
  it('is a datum where nothing but a datum is named, each once', () => {
    assert.deepEqual(openThings('not determined: doseNumber of Immunization.ProtocolApplied does not decide it'), [
      { datum: 'dose' },
    ])
    assert.deepEqual(openThings('not determined: date of vaccination is missing; occurrence of Immunization'), [
      { datum: 'date' },
    ])
  })

  it('is a datum of the core data set, of each kind, where the rule was not run for it', () => {
    const lacks = (path: string, which = 'core data set') =>
      `The ${which} lacks ${path}, which its model http://example.org/StructureDefinition/X requires`
    const run = (...lacking: string[]) => openThings(`not determined: the rule was not run: ${lacking.join('; ')}`)
    assert.deepEqual(run(lacks('test.date')), [{ datum: 'testDate' }])
    assert.deepEqual(run(lacks('recovery.date'), lacks('recovery.disease')), [
      { datum: 'recoveryDate' },
      { datum: 'disease' },
    ])
    assert.deepEqual(run(lacks('vaccination.date', 'core data set 1'), lacks('vaccination.date', 'core data set 2')), [
      { datum: 'vaccinationDate' },
    ])
    assert.deepEqual(
      openThings(lacks('test.result')),
      [{ datum: 'testResult' }],
      'said by the server apart from a rule',
    )
    assert.deepEqual(run(lacks('test.date'), 'something else'), [{ datum: 'testDate' }, { words: 'something else' }])
  })

  it('is a product that is on no list, said once of rules that go by different lists', () => {
    const messages = ['poliomyelitis', 'yellow fever'].map(
      (disease) =>
        `not determined: it is not known against which disease the vaccination is; X1 is on no list of vaccines against ${disease}`,
    )
    assert.deepEqual(openThings(messages[0] ?? ''), [{ datum: 'disease' }, { unlisted: 'X1' }])
    assert.equal(new Set(messages.map(saidKey)).size, 1)
    assert.notEqual(saidKey('The text of an author'), saidKey('Another'))
    assert.deepEqual(openThings('not determined: no product is on no list of vaccines against poliomyelitis'), [
      { datum: 'product' },
    ])
    const series = 'the primary series of vaccine XM0000 is not known: its product is not in the table of products'
    assert.deepEqual(openThings(`not determined: ${series}`), [{ unlisted: 'XM0000' }])
  })

  it('is the server’s sentence where it says more, or names what has no word here', () => {
    for (const words of [
      'seriesDoses of Immunization.ProtocolApplied is missing, and the doses before dose 2 are not shown',
      'toString of Immunization does not decide it',
      'the data do not decide it',
      'the primary series of vaccine XM0000 is not known: its product is not against its disease',
      'the rule was not run: The core data set has test.date in another form than its model http://x requires',
      'the rule was not run: The core data set lacks test.origin, which its model http://x requires',
      'the rule was not run: The core data set lacks constructor, which its model http://x requires',
    ])
      assert.deepEqual(openThings(`not determined: ${words}`), [{ words }])
  })

  it('is nothing of an author’s own message', () => {
    assert.equal(openThings('Il manque doseNumber of Immunization does not decide it'), undefined)
  })
})
