/** A message for "false" is for false alone; a null says which datum was missing. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import supertest from 'supertest'
import {
  dccOf,
  dose,
  genuineDcc,
  openVerdicts,
  question,
  readVerdict,
  ruleLibrary,
  rulePlan,
} from '../../support/verdicts.ts'

const { ask, http, store } = await openVerdicts()
const plan = (name: string) => ({ name: 'planDefinition', valueCanonical: `http://example.org/PlanDefinition/${name}` })
const translation = (lang: string, content: string) => ({
  url: 'http://hl7.org/fhir/StructureDefinition/translation',
  extension: [
    { url: 'lang', valueCode: lang },
    { url: 'content', valueString: content },
  ],
})
const withoutBirthDate = genuineDcc(dccOf({ dob: '', v: [dose()] }))
const minor = genuineDcc(dccOf({ dob: '2015-01-01', v: [dose()] }))

before(() =>
  store(
    ruleLibrary('Rules', 'context Patient define Adult: AgeInYears() >= 18'),
    rulePlan('Told', [], {
      jurisdiction: [{ coding: [{ code: 'CH' }] }],
      action: [
        {
          title: 'Adults',
          textEquivalent: 'Only adults may pass.',
          _textEquivalent: {
            extension: [translation('fr', 'Réservé aux adultes.'), translation('es', ''), translation('pt', ' ')],
          },
          condition: [
            { kind: 'applicability', expression: { language: 'text/cql-identifier' as never, expression: 'Adult' } },
          ],
        },
      ],
    }),
    rulePlan('Silent', ['Adult'], { jurisdiction: [{ coding: [{ code: 'CH' }] }] }),
  ),
)

async function message(credential: string, name: string, language?: string) {
  const reply = await supertest(http)
    .post('/fhir/$evaluate')
    .set({ 'Content-Type': 'application/fhir+json', ...(language ? { 'Accept-Language': language } : {}) })
    .send(JSON.stringify(question(credential, plan(name))))
  const { decision, rules } = readVerdict(reply.status, reply.body)
  return [decision, rules[0]?.message]
}

describe('messages', () => {
  it('of false are the rule’s own, in the language asked for, and never empty', async () => {
    assert.deepEqual(await message(minor, 'Told'), ['rejected', 'Only adults may pass.'])
    assert.deepEqual(await message(minor, 'Told', 'fr-CA'), ['rejected', 'Réservé aux adultes.'])
    for (const language of ['xx', 'es', 'pt-BR', 'ja;q=0.1', '*', ''])
      assert.deepEqual(await message(minor, 'Told', language), ['rejected', 'Only adults may pass.'], language)
    assert.deepEqual(await message(minor, 'Silent'), ['rejected', 'Adult: not fulfilled'])
  })

  it('of null say what was missing', async () => {
    const missing = 'not determined: birthDate of Patient is missing'
    for (const language of [undefined, 'fr', 'xx'])
      assert.deepEqual(await message(withoutBirthDate, 'Told', language), ['undetermined', missing])
    assert.deepEqual(await message(withoutBirthDate, 'Silent'), ['undetermined', missing])
  })

  it('of own rules name the datum of the certificate', async () => {
    const cases: [change: object, missing: RegExp][] = [
      [{ sd: '' }, /seriesDoses of Immunization\.ProtocolApplied is missing/],
      [{ dt: '2026' }, /date of vaccination does not decide it/],
    ]
    for (const [change, missing] of cases) {
      const credential = genuineDcc(dccOf({ v: [dose(change)] }))
      const { decision, rules, issues } = await ask(question(credential))
      assert.equal(decision, 'undetermined')
      assert.match(rules[0]?.message ?? '', missing)
      assert.ok(issues.some((each) => missing.test(each)))
    }
  })
})
